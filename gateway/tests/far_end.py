"""Stands in for the six services: says what it heard, or does what the address tells it to."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

SERVICES = ("identity", "catalog", "billing", "certificates", "notifications", "live")
OWN_CSP = "default-src 'none'; style-src 'unsafe-inline'"

PLAIN = {"Content-Type": "application/json", "X-Request-ID": "of-the-service"}
SPECIAL = {
    "cookie": {"Set-Cookie": "a=b"},
    "private": {"Cache-Control": "private"},
    "tagged": {"ETag": '"7"', "Cache-Control": "max-age=3600", "Vary": "*"},
}


class Service(BaseHTTPRequestHandler):
    """Answers 200 with the request as JSON; `.../status/N`, `/slow`, `/drop`, `/accel/KEY`, `/page` do as they say."""

    protocol_version = "HTTP/1.1"
    name = ""
    heard: list[str]
    # What a test wants of an address from now on: a status, or seconds to wait before the answer.
    moods: ClassVar[dict[str, int | float]] = {}

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.heard.append(f"{self.command} {self.path}")
        tail = self.path.split("?")[0].rsplit("/", 2)
        if tail[-1] == "slow":
            time.sleep(3)
        if tail[-1] == "drop":
            self.close_connection = True
            return
        if "/accel/" in self.path:
            key = self.path.split("/accel/", 1)[1]
            shown = {"Content-Disposition": "inline; filename=a"} if "?inline" in key else {}
            file = {"X-Accel-Redirect": f"/protected/{key.partition('?')[0]}", "Content-Type": "application/pdf"}
            return self.send(200, b"hidden", file | shown)
        if tail[-1] == "page":
            return self.send(200, b"<h1>ok</h1>", {"Content-Type": "text/html", "Content-Security-Policy": OWN_CSP})
        mood = self.moods.get(self.path, 0)
        if isinstance(mood, float):
            time.sleep(mood)
        status = int(tail[-1]) if tail[-2] == "status" else mood if isinstance(mood, int) and mood else 200
        self.send(status, self.report(len(body)), {**PLAIN, **SPECIAL.get(tail[-1], {})})

    def report(self, size: int) -> bytes:
        heard: dict[str, Any] = {"service": self.name, "method": self.command, "path": self.path, "body_bytes": size}
        heard["number"] = len(self.heard)
        heard["headers"] = [[key.lower(), value] for key, value in self.headers.items()]
        heard["filler"] = "x" * 1500
        return json.dumps(heard).encode()

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def log_message(self, format: str, *args: object) -> None:
        """Tests speak for themselves."""


@contextmanager
def six_services() -> Iterator[tuple[dict[str, str], list[str]]]:
    """The address of each running service by name, and the request lines that all of them heard."""
    heard: list[str] = []
    servers = {
        name: ThreadingHTTPServer(("127.0.0.1", 0), type(name, (Service,), {"name": name, "heard": heard}))
        for name in SERVICES
    }
    for server in servers.values():
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield {name: f"127.0.0.1:{server.server_port}" for name, server in servers.items()}, heard
    for server in servers.values():
        server.shutdown()
        server.server_close()
