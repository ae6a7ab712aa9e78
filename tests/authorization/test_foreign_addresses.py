"""SSRF and open redirects: an address that a caller writes, wherever they can, is neither asked nor gone to."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from services.catalog.tests.school import TaughtCourse, answer
from services.identity.tests.people import new_account, register
from shared.testing import wait_until
from tests.authorization.asking import ask, send, want
from tests.authorization.operations import Operation, Operations
from tests.authorization.policy import Policy
from tests.authorization.recipes import Want
from tests.authorization.world import World
from tests.e2e.six import at

# Where other platforms take an address to call back, to fetch, or to send people to.
PARAMETERS = (
    *("url", "uri", "next", "return_to", "return_url", "redirect", "redirect_uri", "callback", "callback_url"),
    *("success_url", "cancel_url", "image", "avatar_url", "webhook", "feed", "src", "link", "continue", "target"),
)
HEADERS = (
    *("Referer", "X-Forwarded-Host", "X-Forwarded-Server", "X-Original-URL", "X-Rewrite-URL", "X-Wap-Profile"),
    *("Forwarded", "X-Forwarded-For", "X-Real-IP", "Client-IP", "True-Client-IP", "Contact", "From", "Via"),
)


class Canary:
    """A server on the platform's own machine, which is where such an address must never lead."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        canary = self

        class Handler(BaseHTTPRequestHandler):
            def handle(self) -> None:
                canary.heard.append(str(self.connection.recv(1000)))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.markup = f'{self.url}/a ![]({self.url}/b) <img src="{self.url}/c">'
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    """It sings when somebody comes; after the test nobody has."""
    canary = Canary()
    yield canary
    assert canary.heard == []
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(canary.url)
    assert len(canary.heard) == 1, "it would have been heard"
    canary.close()


def test_no_text_in_any_body_makes_the_platform_ask_an_address(
    canary: Canary, world: World, operations: Operations, policy: Policy
) -> None:
    asked = taken = 0
    for operation in (one for one in operations.values() if isinstance(one.example, dict)):
        actor = _who_may(operation, policy)
        for place in _texts(operation.example):
            # The markup has the address in it, too.
            wanted = _with(operation, want(world, operation.id), place, canary.markup)
            answered = ask(world, operation, wanted, actor)
            assert answered.status < 500, (operation.id, place, answered.text)
            asked, taken = asked + 1, taken + (answered.status < 400)
    assert asked > 125
    assert taken > 25, "texts that are taken as they are"
    _let_it_be_printed_and_mailed(canary, world)


def _who_may(operation: Operation, policy: Policy) -> str:
    expected = policy[operation.service].get(operation.id, {})
    return next((actor for actor in ("owner", "admin", "anonymous") if expected.get(actor, 400) < 400), "admin")


def _texts(body: dict[str, Any], inside: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of each text in a body."""
    for member, value in body.items():
        if isinstance(value, dict):
            yield from _texts(value, (*inside, member))
        elif isinstance(value, str):
            yield (*inside, member)


def _with(operation: Operation, wanted: Want, place: tuple[str, ...], text: str) -> Want:
    """What is wanted, with the text at one place of its body."""
    if wanted.upload:
        return replace(wanted, upload={**wanted.upload, "data": {**wanted.upload["data"], place[-1]: text}})
    honest = wanted.body if isinstance(wanted.body, dict) else operation.example
    body = {**honest, **{name: value for name, value in wanted.names.items() if name in honest}}
    inner = body
    for member in place[:-1]:
        inner[member] = dict(inner.get(member) or {})
        inner = inner[member]
    inner[place[-1]] = text
    return replace(wanted, body=body)


def _let_it_be_printed_and_mailed(canary: Canary, world: World) -> None:
    """Somebody of that name, from before it was refused, learns to the end: pages, mails and the certificate's file are
    made of these texts."""
    course = TaughtCourse(world.at("catalog", "owner"), title=canary.markup, description=canary.markup)
    course.lesson(content=canary.markup, title=canary.markup)
    course.publish()
    person = new_account(world.stage.six["identity"], name=canary.markup).sign_in()
    learner = {service: at(world.stage.six, service, person) for service in ("identity", "catalog", "certificates")}
    answer(learner["identity"].patch("/api/v1/users/me", json={"bio": canary.markup}))
    answer(learner["catalog"].post("/api/v1/enrollments", json={"course_id": course.id}), 201)
    assert canary.url in answer(learner["catalog"].get(course.lesson_url()))["content"]
    answer(learner["catalog"].post(f"{course.lesson_url()}/complete"))
    mine = learner["certificates"]
    [certificate] = wait_until(lambda: answer(mine.get("/api/v1/certificates"))["items"], 30, "a certificate")
    assert mine.get(f"/api/v1/certificates/{certificate['id']}/pdf").status_code == 200
    assert world.stage.client.get(urlsplit(certificate["verify_url"]).path).status_code < 500
    about = {"recipient": person.email, "state": "sent"}
    sent = "/api/v1/admin/notifications/deliveries"
    staff = world.at("notifications", "admin")
    wait_until(lambda: len(answer(staff.get(sent, params=about))["items"]) >= 2, 30, "mails about it")


def test_nobody_registers_by_such_a_name(canary: Canary, world: World) -> None:
    for name in (canary.url, canary.markup):
        assert register(world.stage.six["identity"], name=name).status_code == 422


def test_no_parameter_and_no_header_leads_anybody_away(
    canary: Canary, world: World, operations: Operations, policy: Policy
) -> None:
    query = dict.fromkeys(PARAMETERS, canary.url)
    headers = dict.fromkeys(HEADERS, canary.url) | {"Origin": canary.url}
    # Of the writes: those that send people somewhere, to pay or to sign in elsewhere.
    writes = ("start_checkout", "begin_provider_login", "begin_identity", "login", "refresh")
    places = urlsplit(canary.url).netloc
    led = []
    for operation in operations.values():
        if operation.hidden or (operation.changes_something and operation.id not in writes):
            continue
        wanted = want(world, operation.id)
        asked = send(
            world,
            operation,
            replace(wanted, query={**wanted.query, **query}),
            world.token_of(_who_may(operation, policy)),
            headers=headers,
        )
        told = " ".join(asked.headers.get(name, "") for name in ("location", "link", "refresh", "content-location"))
        if 300 <= asked.status < 400 or asked.status >= 500 or places in asked.text or places in told:
            led.append(f"{operation.id}: {asked.status} {told} {asked.text[:200]}")
    assert not led, "\n".join(led)
