"""A running simulator, a receiver of webhooks, and waiting for what must come."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import httpx
import stripe
import uvicorn
from pydantic import SecretStr

from ops.stripe_simulator.application import create_app
from ops.stripe_simulator.settings import Settings

API_KEY = "sk_test_for_the_tests"
SECRET = "whsec_for_the_tests"

T = TypeVar("T")


def wait_until(look: Callable[[], T], seconds: float = 10) -> T:
    """Returns the first truthy look; fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.005)
    raise AssertionError("waited in vain")


@dataclass
class Receiver:
    """The far end of the webhooks; answers the prepared statuses in turn, then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    deliveries: list[tuple[bytes, str, float]] = field(default_factory=list)

    def events(self) -> list[stripe.Event]:
        """Every delivery so far, its signature verified by the official SDK."""
        return [stripe.Webhook.construct_event(body, header, SECRET) for body, header, _ in list(self.deliveries)]

    def kinds(self) -> list[str]:
        """The types of the deliveries so far."""
        return [json.loads(body)["type"] for body, _, _ in list(self.deliveries)]

    def take(self, body: bytes, signature: str) -> int:
        """Notes a delivery; returns the status to answer."""
        self.deliveries.append((body, signature, time.time()))
        return self.statuses.pop(0) if self.statuses else 200


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.take(body, self.headers["Stripe-Signature"]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/webhook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield receiver
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class RunningSimulator:
    """A simulator under a real uvicorn, with the official client and a plain one."""

    url: str
    http: httpx.Client

    def client(self, key: str = API_KEY, retries: int = 0) -> stripe.StripeClient:
        """The official SDK, pointed here."""
        return stripe.StripeClient(key, base_addresses={"api": self.url}, max_network_retries=retries)

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Turns a dial or reads the books; fails on an error."""
        answer = self.http.request(method, f"/_simulator{path}", json=body if method != "GET" else None)
        assert answer.is_success, answer.text
        return answer.json()

    def pay(self, session_id: str, method: str = "card") -> Any:
        """Does what the hosted page's button does."""
        return self.control("POST", f"/sessions/{session_id}/pay", {"method": method})


class PromptServer(uvicorn.Server):
    """Stops within milliseconds: uvicorn's own looks ten times a second whether there is something left to wait for."""

    async def main_loop(self) -> None:
        """Serves until told to stop."""
        while not self.should_exit:
            await asyncio.sleep(0.005)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets requests end, for as long as the graceful shutdown lasts, then the application."""
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        deadline = time.monotonic() + (self.config.timeout_graceful_shutdown or 0)
        while (self.server_state.connections or self.server_state.tasks) and time.monotonic() < deadline:
            await asyncio.sleep(0.005)
        for task in self.server_state.tasks:
            task.cancel()
        await self.lifespan.shutdown()


@contextmanager
def running_simulator(
    webhook_url: str | None = None, state: Path | None = None, events: str = ""
) -> Iterator[RunningSimulator]:
    """A simulator on a free port, its retries a hundred times faster than by default."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = Settings(
        stripe_api_key=SecretStr(API_KEY),
        stripe_webhook_secret=SecretStr(SECRET),
        stripe_webhook_url=webhook_url,
        stripe_webhook_events=events,
        simulator_public_url=url,
        simulator_state=state,
        simulator_first_retry=0.01,
        simulator_last_retry=0.05,
    )
    server = PromptServer(uvicorn.Config(create_app(settings), log_level="warning", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    # Without the list of certificate authorities, whose reading takes longer than most tests.
    with httpx.Client(base_url=url, timeout=10, verify=False) as client:
        yield RunningSimulator(url, client)
    server.should_exit = True
    thread.join()
    listener.close()


def headers_of(answer: stripe.StripeObject) -> Mapping[str, str]:
    """The headers that an object of the SDK came with."""
    assert answer.last_response is not None
    return answer.last_response.headers


def order_params(**changes: Any) -> Any:
    """The parameters of an ordinary checkout."""
    price = {"currency": "usd", "unit_amount": 4900, "product_data": {"name": "Algebra for grown-ups"}}
    ordinary: dict[str, Any] = {
        "mode": "payment",
        "line_items": [{"quantity": 1, "price_data": price}],
        "client_reference_id": "order-1",
        "metadata": {"order_id": "order-1"},
        "customer_email": "ann@example.org",
        "success_url": "https://shop.example/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.example/back",
    }
    return ordinary | changes
