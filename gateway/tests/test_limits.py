"""G3: how much one address may ask, what it is told, and that others go on; G1: what cannot change its bucket."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.tests.door import Answer, Door, open_door

FarEnd = tuple[dict[str, str], list[str]]
SPOOFS: list[Mapping[str, str]] = [
    {"X-Forwarded-For": "10.0.0.{0}"},
    {"X-Forwarded-For": "10.0.0.{0}, 10.1.0.{0}"},
    {"X-Real-IP": "10.0.0.{0}"},
    {"X_Forwarded_For": "10.0.0.{0}"},
    {"X_Real_IP": "10.0.0.{0}"},
    {"Forwarded": "for=10.0.0.{0}"},
    {"True-Client-IP": "10.0.0.{0}", "CF-Connecting-IP": "10.0.0.{0}", "X-Client-IP": "10.0.0.{0}"},
    {"X-User-Id": "user-{0}", "X_User_Id": "user-{0}", "X-Forwarded-User": "user-{0}"},
    {"Authorization": "Bearer {0}"},
]
ROUTES = {
    "auth": ("POST", "/api/v1/auth/login", "GATEWAY_AUTH"),
    "api": ("GET", "/api/v1/users/me", "GATEWAY_API"),
    "public": ("GET", "/api/v1/courses", "GATEWAY_PUBLIC"),
    "webhook": ("POST", "/api/v1/payments/webhooks/stripe", "GATEWAY_WEBHOOK"),
}


def narrow(home: Path, name: str) -> Path:
    place = home / name
    place.mkdir()
    return place


@pytest.mark.parametrize("number", range(len(SPOOFS)))
def test_no_header_changes_whose_bucket_it_is(home: Path, far_end: FarEnd, number: int) -> None:
    with open_door(narrow(home, f"spoof-{number}"), far_end[0], GATEWAY_API_BURST="2", GATEWAY_API_RATE="1r/s") as door:
        statuses = [
            door.ask("GET", "/api/v1/users/me", {name: text.format(n) for name, text in SPOOFS[number].items()}).status
            for n in range(6)
        ]
    assert statuses == [200, 200, 200, 429, 429, 429]


@pytest.mark.parametrize("limit", ROUTES)
def test_one_more_than_the_burst_is_refused_with_words_and_others_go_on(
    home: Path, far_end: FarEnd, limit: str
) -> None:
    method, path, setting = ROUTES[limit]
    changes = {f"{setting}_RATE": "1r/s", f"{setting}_BURST": "3"}
    with open_door(narrow(home, f"limit-{limit}"), far_end[0], **changes) as door:
        answers = [door.ask(method, path) for _ in range(5)]
        assert [answer.status for answer in answers] == [200, 200, 200, 200, 429]
        assert {answer.headers["ratelimit-policy"] for answer in answers} == {f'"{limit}";q=1;w=1;burst=3'}
        assert "ratelimit" not in answers[0].headers
        assert answers[-1].headers["ratelimit"] == f'"{limit}";r=0;t=1'
        assert answers[-1].headers["retry-after"] == "1"
        assert answers[-1].json["type"] == "urn:academy:problem:too-many-requests"
        assert door.ask(method, path, source="127.0.0.2").status == 200
        for other in ROUTES.keys() - {limit}:
            assert door.ask(*ROUTES[other][:2]).status == 200
        time.sleep(1.1)
        assert door.ask(method, path).status == 200


def test_many_requests_at_a_time_of_one_address_are_refused_and_others_go_on(home: Path, far_end: FarEnd) -> None:
    with open_door(narrow(home, "few"), far_end[0], GATEWAY_CONNECTIONS="1") as door:
        slow = threading.Thread(target=door.ask, args=("GET", "/api/v1/enrollments/slow"))
        slow.start()
        time.sleep(0.5)
        refused = door.ask("GET", "/api/v1/courses")
        assert (refused.status, refused.json["type"]) == (429, "urn:academy:problem:too-many-requests")
        assert "ratelimit" not in refused.headers
        assert door.ask("GET", "/api/v1/courses", source="127.0.0.2").status == 200
        slow.join()


def heard(answer: Answer, name: str) -> list[str]:
    return [value for key, value in answer.json["headers"] if key == name]


@pytest.mark.parametrize("number", range(len(SPOOFS)))
def test_no_header_changes_who_a_service_hears(door: Door, number: int) -> None:
    spoofed = {name: text.format(6) for name, text in SPOOFS[number].items()}
    answer = door.ask("GET", "/api/v1/users/me", spoofed)
    assert heard(answer, "x-forwarded-for") == ["127.0.0.1"]
    named = {key.replace("_", "-") for key, _ in answer.json["headers"]}
    assert named <= {"host", "x-forwarded-for", "x-forwarded-proto", "x-request-id", "authorization"}


def test_a_header_sent_twice_reaches_a_service_once(door: Door) -> None:
    raw = (
        b"GET /api/v1/users/me HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 7.7.7.7\r\n"
        b"Idempotency-Key: a\r\nIdempotency-Key: b\r\nConnection: close\r\n\r\n"
    )
    answer = door.send(raw)
    assert heard(answer, "x-forwarded-for") == ["127.0.0.1"]
    assert len(heard(answer, "idempotency-key")) == 1
    two_tokens = b"GET /api/v1/users/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n"
    assert door.send(two_tokens).status == 400
