"""HEAD wherever GET is, with the same status and headers and no content."""

import socket
from urllib.parse import urlsplit

import pytest

from shared.testing import Harness

SAME = ("content-type", "etag", "cache-control", "content-length")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/things/missing", "/nothing/here"])
def test_head_is_answered_as_get_without_content(things: Harness, path: str) -> None:
    read, head = things.client.get(path), things.client.head(path)
    assert (head.status_code, head.content) == (read.status_code, b"")
    assert head.headers["content-type"] == read.headers["content-type"]


def test_head_has_the_etag_of_get_and_is_answered_304(things: Harness) -> None:
    caller = things.caller()
    path = f"/things/{caller.post('/things', json={'name': 'One'}).json()['id']}"
    read, head = caller.get(path), caller.request("HEAD", path)
    assert [head.headers.get(name) for name in SAME] == [read.headers.get(name) for name in SAME]
    known = {"If-None-Match": read.headers["etag"]}
    assert caller.request("HEAD", path, headers=known).status_code == 304


def test_a_path_without_get_has_no_head(things: Harness) -> None:
    refused = things.client.head("/limited")
    assert (refused.status_code, "HEAD" in refused.headers["allow"]) == (405, False)


def test_the_next_request_on_the_connection_is_answered(things: Harness) -> None:
    parts = urlsplit(things.url)
    with socket.create_connection((str(parts.hostname), parts.port or 0), 5) as connection:
        for method, expected in (("HEAD", 0), ("GET", 1)):
            connection.sendall(f"{method} /livez HTTP/1.1\r\nHost: academy\r\n\r\n".encode())
            answer = b""
            while b"\r\n\r\n" not in answer or (expected and b"}" not in answer):
                answer += connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200")
            assert answer.count(b'"status"') == expected
