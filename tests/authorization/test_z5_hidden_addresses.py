"""Z5: what only neighbours may call is behind no spelling of an address, sent as raw bytes to the real platform."""

import http.client
import itertools
import socket

import pytest

from gateway.tests.door import Answer
from tests.authorization.stage import Stage

HIDDEN = (
    "internal/revocations",
    "internal",
    "metrics",
    "readyz",
    "livez",
    "redoc",
    "protected/catalog",
    "docs/oauth2-redirect",
)
# gateway/tests/test_routes.py has the everyday spellings, with capital letters and foreign hosts; these are the others.
SPELLINGS = (
    b"/%s",
    b"/%s/",
    b"/%s/.",
    b"/%s/..;/",
    b"/%s;jsessionid=1",
    b"/%s%%23",
    b"/%s%%2f",
    b"/%s%%5c",
    b"/%s%%0a",
    b"/%s%%0d%%0aX: y",
    b"/%s.json",
    b"/%s.",
    b"/%s~",
    b"/%s\\",
    b"/%s\t",
    b"\\%s",
    b"/\\%s",
    b"/.;/%s",
    b"/..;/%s",
    b"/;/%s",
    b"/%%00/%s",
    b"/%%c0%%af%s",
    b"/%%c0%%ae%%c0%%ae/%s",
    b"/%%e0%%80%%af%s",
    b"/%%u002f%s",
    b"/%%252f%s",
    b"/%%25252f%s",
    b"/\xef\xbc\x8f%s",
    b"/\xc0\xae/%s",
    b"/api/v1/%s",
    b"/api/v1/users/../../../%s",
    b"/api/v1/users/%%2e%%2e%%2f%%2e%%2e%%2f%%2e%%2e%%2f%s",
    b"/api/v1/users/..%%252f..%%252f..%%252f%s",
    b"/api/v1/users/..\\..\\..\\%s",
    b"/api/v1/users/..%%c0%%af..%%c0%%af%s",
    b"/api/v1/users/.%%00./%s",
    b"/api/v1/users/me/%%2e%%2e/%%2e%%2e/%%2e%%2e/%%2e%%2e/%s",
    b"/api/v1/courses;/../../../%s",
    b"/api/v1/courses/x/..;/..;/..;/..;/%s",
    b"/api/v1/payments/webhooks/stripe/../../../../../%s",
    b"/api/v1/live-sessions%%2f..%%2f..%%2f..%%2f%s",
    b"/.well-known/jwks.json/..;/..;/%s",
    b"/.well-known/jwks.json%%2f..%%2f..%%2f%s",
    b"http://identity:8000/%s",
    b"http://localhost:8000/%s",
    b"http://127.0.0.1@identity/%s",
    b"https://catalog/%s",
    b"//identity/%s",
    b"///%s",
    b"/identity/%s",
    b"/catalog/%s",
    b"?/%s",
    b"*/%s",
    b"identity:8000/%s",
)
HOSTS = (b"127.0.0.1", b"identity:8000", b"catalog", b"localhost\r\nX-Original-URL: /metrics")
METHODS = (b"GET", b"HEAD", b"OPTIONS", b"POST")
# What a service says there: prometheus' text, the state of readiness, numbers of revocations, its own document.
OF_A_SERVICE = (b"# HELP", b"# TYPE", b'"checks"', b'"last_seq"', b'"status":"ok"', b'"signing_keys"')


def raw(stage: Stage, method: bytes, target: bytes, host: bytes) -> Answer | None:
    """The answer to these very bytes; None when the gateway hangs up without one."""
    request = b"%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % (method, target, host)
    with socket.create_connection(("127.0.0.1", stage.door.port), timeout=10) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection, method=method.decode())
        try:
            response.begin()
        except (http.client.BadStatusLine, ConnectionResetError):
            return None
        return Answer(response.status, dict(response.getheaders()), response.read())


def spellings(path: str) -> list[bytes]:
    return [spelling % path.encode() for spelling in SPELLINGS]


@pytest.mark.parametrize("path", HIDDEN)
def test_no_spelling_reaches_what_is_for_neighbours(stage: Stage, path: str) -> None:
    found = []
    for target, host in itertools.product(spellings(path), HOSTS):
        answer = raw(stage, b"GET", target, host)
        if answer and (answer.status not in {400, 404, 421} or any(word in answer.body for word in OF_A_SERVICE)):
            found.append((target, host, answer.status, answer.body[:100]))
    assert found == []


@pytest.mark.parametrize("method", METHODS)
def test_no_method_reaches_them(stage: Stage, method: bytes) -> None:
    for path in HIDDEN:
        answer = raw(stage, method, f"/{path}".encode(), b"127.0.0.1")
        assert answer is None or answer.status in {404, 405}, (method, path, answer)


@pytest.mark.parametrize("path", ["openapi.json", "docs"])
def test_what_the_gateway_shows_by_these_names_is_its_own(stage: Stage, path: str) -> None:
    own = stage.client.get(f"/{path}").content
    for target, host in itertools.product(spellings(path), HOSTS):
        answer = raw(stage, b"GET", target, host)
        assert answer is None or answer.status in {400, 404, 421} or answer.body == own, (target, host, answer)


def test_the_token_of_the_neighbours_opens_nothing_from_outside(stage: Stage) -> None:
    """Even who has stolen it has to be inside."""
    secret = stage.six["identity"].app.state.settings.internal_token.get_secret_value()
    headers = {"Authorization": f"Bearer {secret}"}
    assert stage.six["identity"].client.get("/internal/revocations", headers=headers).status_code == 200
    assert stage.client.get("/internal/revocations", headers=headers).status_code == 404
    assert stage.client.get("/api/v1/users/me", headers=headers).status_code == 401
