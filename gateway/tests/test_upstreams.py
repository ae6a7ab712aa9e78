"""G4: a service that goes away, comes back, or comes back elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from socket import SHUT_RDWR, socket
from threading import Thread
from typing import Any

from gateway.tests.door import Door, free_port, open_door
from gateway.tests.far_end import SERVICES, Service
from gateway.tests.name_server import name_server


class Mortal(ThreadingHTTPServer):
    """Its end ends its connections too, as that of a process does; the gateway keeps some of them open."""

    daemon_threads = True

    def get_request(self) -> Any:
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address

    def server_activate(self) -> None:
        self.connections: list[socket] = []
        super().server_activate()

    def server_close(self) -> None:
        super().server_close()
        for connection in self.connections:
            # Those that have ended by themselves are no sockets any more.
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)


@contextmanager
def service_at(address: str, port: int) -> Iterator[None]:
    """One service for all six, that answers its own address as its name."""
    handler = type("Moving", (Service,), {"name": address, "heard": []})
    server = Mortal((address, port), handler)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield
    server.shutdown()
    server.server_close()


def seconds_until(door: Door, address: str, limit: float) -> float:
    """How long until `address` answers. Raises AssertionError after `limit` seconds."""
    began = time.monotonic()
    while time.monotonic() - began < limit:
        answer = door.ask("GET", "/api/v1/users/me")
        if answer.status == 200 and answer.json["service"] == address:
            return time.monotonic() - began
        time.sleep(0.1)
    raise AssertionError(f"{address} not reached within {limit} s")


def test_a_service_that_was_killed_and_is_back_is_used_again_within_ten_seconds(home: Path) -> None:
    port = free_port()
    place = home / "back"
    place.mkdir()
    with open_door(place, dict.fromkeys(SERVICES, f"127.0.0.1:{port}"), GATEWAY_API_RATE="1000r/s") as door:
        with service_at("127.0.0.1", port):
            assert seconds_until(door, "127.0.0.1", 5) < 1
        assert door.ask("GET", "/api/v1/users/me").status == 502
        with service_at("127.0.0.1", port):
            assert seconds_until(door, "127.0.0.1", 10) < 10


def test_a_service_that_moved_to_another_address_is_found_within_fifteen_seconds(home: Path) -> None:
    port = free_port()
    place = home / "moved"
    place.mkdir()
    upstreams = {name: f"{name}.test:{port}" for name in SERVICES}
    with name_server("127.0.0.1") as names:
        changes = {"GATEWAY_UPSTREAMS": "resolved", "NGINX_RESOLVER": names.place, "GATEWAY_API_RATE": "1000r/s"}
        with open_door(place, upstreams, **changes) as door:
            with service_at("127.0.0.1", port):
                assert seconds_until(door, "127.0.0.1", 5) < 1
            names.address = "127.0.0.2"
            with service_at("127.0.0.2", port):
                assert seconds_until(door, "127.0.0.2", 15) < 15
            assert names.asked >= 2
