"""The provider at its HTTP door."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from ops.openid_simulator import page
from ops.openid_simulator.provider import ForeignClient, Parameters, Person, Provider, Refused
from ops.openid_simulator.settings import Settings

MAX_BODY = 64 * 1024


@dataclass(frozen=True)
class Request:
    """What came: the parameters of the address, those of the body, and who the client says it is."""

    query: Parameters
    form: Parameters
    authorization: str


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: HTTPStatus
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def new_server(settings: Settings) -> ThreadingHTTPServer:
    """Listening; `serve_forever` answers. Raises OSError when the port is taken."""
    return ThreadingHTTPServer(settings.listen, _handler(Provider(settings)))


def _routes(provider: Provider) -> dict[tuple[str, str], Callable[[Request], Answer]]:
    return {
        ("GET", "/livez"): lambda _: _json({"status": "ok"}),
        ("GET", "/.well-known/openid-configuration"): lambda _: _json(provider.discovery()),
        ("GET", "/keys"): lambda _: _json(provider.keys()),
        ("GET", "/authorize"): lambda request: _ask(provider, request),
        ("POST", "/authorize"): lambda request: _take_answer(provider, request),
        ("POST", "/token"): lambda request: _redeem(provider, request),
    }


def _ask(provider: Provider, request: Request) -> Answer:
    try:
        provider.check(request.query)
    except ForeignClient as error:
        return Answer(HTTPStatus.BAD_REQUEST, page.refusal(str(error)), page.HEADERS)
    except Refused as error:
        return _redirect(provider.send_back_refused(request.query, error))
    return Answer(HTTPStatus.OK, page.question(urlencode(request.query)), page.HEADERS)


def _take_answer(provider: Provider, request: Request) -> Answer:
    checked = _ask(provider, request)
    if checked.status != HTTPStatus.OK:
        return checked
    form = request.form
    cancelled = form.get("act") != "sign-in" or "@" not in form.get("email", "")
    person = Person(form.get("email", "").strip(), form.get("name", "").strip(), "verified" in form)
    return _redirect(provider.send_back(request.query, None if cancelled else person))


def _redeem(provider: Provider, request: Request) -> Answer:
    try:
        return _json(provider.redeem(request.form, request.authorization))
    except Refused as error:
        foreign = error.error == "invalid_client"
        status = HTTPStatus.UNAUTHORIZED if foreign else HTTPStatus.BAD_REQUEST
        return _json({"error": error.error, "error_description": str(error)}, status)


def _redirect(address: str) -> Answer:
    return Answer(HTTPStatus.SEE_OTHER, headers={"Location": address, "Cache-Control": "no-store"})


def _json(body: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json", "Cache-Control": "no-store"})


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    routes = _routes(provider)

    class Handler(BaseHTTPRequestHandler):
        # Whoever connects and says nothing does not keep a thread for ever.
        timeout = 10

        def do_GET(self) -> None:
            self._serve("")

        def do_POST(self) -> None:
            length = min(int(self.headers.get("Content-Length", "0")), MAX_BODY)
            self._serve(self.rfile.read(length).decode(errors="replace"))

        def _serve(self, body: str) -> None:
            address = urlsplit(self.path)
            route = routes.get((self.command, address.path))
            query, form = dict(parse_qsl(address.query)), dict(parse_qsl(body))
            request = Request(query, form, self.headers.get("Authorization", ""))
            answer = route(request) if route else Answer(HTTPStatus.NOT_FOUND)
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            # Without the query, in which codes and states stand; and without the health checks.
            if (path := urlsplit(self.path).path) != "/livez":
                sys.stderr.write(f"{self.command} {path}\n")

    return Handler
