"""Uploads: no body is taken of a sender without a token, and few at a time of one address."""

import socket
from pathlib import Path

import pytest

from gateway.tests.door import Door, open_door
from shared.errors import Unauthorized

FarEnd = tuple[dict[str, str], list[str]]
PATHS = ["/api/v1/files", "/api/v1/users/me/avatar"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS"])
def test_without_a_token_nothing_of_the_body_is_waited_for(
    door: Door, heard: list[str], path: str, method: str
) -> None:
    before = len(heard)
    # The body is announced and never sent.
    answer = door.send(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n".encode())
    assert (answer.status, answer.headers["www-authenticate"]) == (401, Unauthorized().headers["WWW-Authenticate"])
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert problem["type"] == f"urn:academy:problem:{Unauthorized.slug}"
    assert (problem["title"], problem["detail"]) == (Unauthorized.title, Unauthorized.detail)
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert len(heard) == before


@pytest.mark.parametrize("path", PATHS)
def test_a_preflight_of_an_upload_needs_no_token(door: Door, path: str) -> None:
    headers = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "PUT"}
    assert door.ask("OPTIONS", path, headers).status == 204


def test_one_address_uploads_three_at_a_time_and_others_go_on(home: Path, far_end: FarEnd) -> None:
    place = home / "uploads"
    place.mkdir()
    token = {"Authorization": f"Bearer {'h' * 40}.{'p' * 200}.{'s' * 86}"}
    head = (
        f"POST /api/v1/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token['Authorization']}\r\n"
        "Content-Length: 5000\r\n\r\n"
    )
    with open_door(place, far_end[0]) as door:
        slow = [socket.create_connection(("127.0.0.1", door.port)) for _ in range(3)]
        for connection in slow:
            connection.sendall(head.encode() + b"x")
        refused = door.ask("PUT", PATHS[1], token, b"x")
        while refused.status == 200:
            refused = door.ask("PUT", PATHS[1], token, b"x")
        assert (refused.status, refused.headers["retry-after"]) == (429, "1")
        assert door.ask("GET", "/api/v1/files/1", token).status == 200
        assert door.ask("POST", PATHS[0], token, b"x", source="127.0.0.2").status == 200
        for connection in slow:
            connection.close()
