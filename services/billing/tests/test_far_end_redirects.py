"""Where the payment provider's address leads is a setting; nobody who answers there may lead us elsewhere."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.billing.provider import ProviderUnavailable
from services.billing.stripe_gateway import StripeGateway


@pytest.fixture
def redirecting() -> Iterator[tuple[str, list[str]]]:
    """The address of a server that sends everybody elsewhere, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Requests of tests are not news."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def test_a_redirect_of_the_payment_provider_is_not_followed(redirecting: tuple[str, list[str]]) -> None:
    address, asked = redirecting
    with pytest.raises(ProviderUnavailable):
        StripeGateway("sk_test_1", address, "http://academy.test").fetch_session("cs_test_1")
    assert asked
    assert "/elsewhere" not in asked
