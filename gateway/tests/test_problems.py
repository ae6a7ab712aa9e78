from pathlib import Path

import pytest

from gateway.tests.door import Answer, Door, free_port, open_door
from gateway.tests.far_end import SERVICES

FarEnd = tuple[dict[str, str], list[str]]


def assert_problem(answer: Answer, status: int, slug: str) -> None:
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert problem["type"] == f"urn:academy:problem:{slug}"
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["title"]
    assert len(problem["detail"]) > 10
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_an_unknown_address_is_a_problem(door: Door) -> None:
    assert_problem(door.ask("GET", "/api/v1/nothing"), 404, "not-found")
    assert_problem(door.ask("POST", "/api/v2/courses", body=b"{}"), 404, "not-found")


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("/api/v1/nothing?here=1", "/api/v1/nothing"),
        ('/api/v1/no"thing', "/api/v1/no"),
        ("/api/v1/nothing%22%0d", "/api/v1/nothing%22%0d"),
    ],
)
def test_a_problem_names_the_path_that_was_asked_for_and_stays_json(door: Door, asked: str, shown: str) -> None:
    assert door.ask("GET", asked).json["instance"] == shown


def test_an_unknown_host_is_told_so(door: Door) -> None:
    assert_problem(door.ask("GET", "/api/v1/courses", {"Host": "evil.example"}), 404, "unknown-host")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_trace_and_connect_are_refused(door: Door, method: str) -> None:
    answer = door.ask(method, "/api/v1/courses" if method == "TRACE" else "localhost:80")
    assert answer.status in {400, 405}
    assert_problem(answer, answer.status, {400: "bad-request", 405: "method-not-allowed"}[answer.status])


WITH_TOKEN = {"Authorization": "Bearer of-somebody"}
LOGIN = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\n"
HOST = b" HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("raw", "status", "slug"),
    [
        (b"nonsense\r\n\r\n", 400, "bad-request"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "bad-request"),
        (b"GET /" + HOST + b"Host: other\r\n\r\n", 400, "bad-request"),
        (LOGIN + b"Content-Length: -1\r\n\r\n", 400, "bad-request"),
        (LOGIN + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "bad-request"),
        (LOGIN + b"Transfer-Encoding: gzip\r\n\r\n", 501, "not-implemented"),
        (b"GET /" + b"a" * 20000 + HOST + b"\r\n", 414, "uri-too-long"),
        (b"GET /" + HOST + b"X: " + b"a" * 20000 + b"\r\n\r\n", 431, "request-header-fields-too-large"),
        (b"GET / HTTP/7.0\r\nHost: localhost\r\n\r\n", 505, "http-version-not-supported"),
    ],
)
def test_what_cannot_be_read_is_a_problem(door: Door, raw: bytes, status: int, slug: str) -> None:
    assert_problem(door.send(raw), status, slug)


@pytest.mark.parametrize(
    ("target", "limit"),
    [
        ("/api/v1/courses", 640 << 10),
        ("/api/v1/payments/webhooks/stripe", 512 << 10),
        ("/api/v1/files", 101 << 20),
        ("/api/v1/files/1", 16 << 10),
        ("/api/v1/users/me/avatar", 5 << 20),
        ("/api/v1/users/me", 64 << 10),
        ("/api/v1/auth/token", 16 << 10),
    ],
)
def test_a_body_over_the_limit_is_cut_at_the_door(door: Door, target: str, limit: int) -> None:
    head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {limit + 1}\r\n\r\n"
    assert_problem(door.send(head.encode()), 413, "content-too-large")
    if limit <= 5 << 20:
        assert door.ask("POST", target, WITH_TOKEN, b"x" * limit).json["body_bytes"] == limit


def test_an_upload_larger_than_an_api_request_gets_through(door: Door) -> None:
    assert door.ask("POST", "/api/v1/files", WITH_TOKEN, b"x" * (3 << 20)).json["body_bytes"] == 3 << 20


def test_a_service_that_drops_the_connection_is_a_502(door: Door) -> None:
    answer = door.ask("GET", "/api/v1/enrollments/drop")
    assert_problem(answer, 502, "service-unreachable")
    assert answer.headers["retry-after"] == "5"


def test_a_service_that_is_too_slow_is_a_504(door: Door) -> None:
    assert_problem(door.ask("GET", "/api/v1/enrollments/slow"), 504, "service-timeout")


def test_only_what_may_be_repeated_is_tried_again(door: Door, heard: list[str]) -> None:
    heard.clear()
    door.ask("POST", "/api/v1/enrollments/drop", body=b"{}")
    assert heard == ["POST /api/v1/enrollments/drop"]


def test_the_own_problem_of_a_service_passes_untouched(door: Door) -> None:
    answer = door.ask("GET", "/api/v1/courses/status/503")
    assert (answer.status, answer.json["service"]) == (503, "catalog")


def test_a_service_that_is_away_is_a_502_until_it_is_back(home: Path, far_end: FarEnd) -> None:
    nobody = {name: f"127.0.0.1:{free_port()}" for name in SERVICES}
    with open_door(_folder(home, "away"), nobody) as door:
        assert_problem(door.ask("GET", "/api/v1/courses"), 502, "service-unreachable")


def test_a_known_load_balancer_says_who_the_client_is(home: Path, far_end: FarEnd) -> None:
    changes = {"GATEWAY_TRUSTED_PROXY": "127.0.0.1", "PUBLIC_URL": "https://academy.example"}
    with open_door(_folder(home, "behind"), far_end[0], **changes) as door:
        answer = door.ask("GET", "/api/v1/courses", {"X-Forwarded-For": "6.6.6.6, 9.9.9.9"})
        assert ["x-forwarded-for", "9.9.9.9"] in answer.json["headers"]
        assert ["x-forwarded-proto", "https"] in answer.json["headers"]
        assert answer.headers["strict-transport-security"].startswith("max-age=")


def _folder(home: Path, name: str) -> Path:
    place = home / name
    place.mkdir()
    return place
