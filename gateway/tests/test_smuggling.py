"""G1: requests that two servers could read differently. A service hears one request of them, or none and 400."""

import socket

import pytest

from gateway.tests.door import Door

HEAD = b"POST /api/v1/users/carrier HTTP/1.1\r\nHost: localhost\r\n"
HIDDEN = b"GET /api/v1/users/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(b"0\r\n\r\n" + HIDDEN)
SHORT = b"Content-Length: 4\r\n"
END = b"\r\n0\r\n\r\n" + HIDDEN

VECTORS = {
    "cl.te": HEAD + LENGTH + CHUNKED + END,
    "te.cl": HEAD + CHUNKED + SHORT + END,
    "te twice": HEAD + CHUNKED + CHUNKED + END,
    "te and identity": HEAD + CHUNKED + b"Transfer-Encoding: identity\r\n" + LENGTH + END,
    "te identity": HEAD + b"Transfer-Encoding: identity\r\n" + LENGTH + END,
    "te list": HEAD + b"Transfer-Encoding: gzip, chunked\r\n" + LENGTH + END,
    "te list reversed": HEAD + b"Transfer-Encoding: chunked, identity\r\n" + LENGTH + END,
    "te misspelt": HEAD + b"Transfer-Encoding: xchunked\r\n" + LENGTH + END,
    "te quoted": HEAD + b'Transfer-Encoding: "chunked"\r\n' + LENGTH + END,
    "te with a tab": HEAD + b"Transfer-Encoding:\tchunked\r\n" + LENGTH + END,
    "te with a vertical tab": HEAD + b"Transfer-Encoding: \x0bchunked\r\n" + LENGTH + END,
    "te with a space before the colon": HEAD + b"Transfer-Encoding : chunked\r\n" + LENGTH + END,
    "te with a space before its name": HEAD + b" Transfer-Encoding: chunked\r\n" + LENGTH + END,
    "te folded": HEAD + b"Transfer-Encoding:\r\n chunked\r\n" + LENGTH + END,
    "te behind a folded line": HEAD + b"X: y\r\n Transfer-Encoding: chunked\r\n" + LENGTH + END,
    "te with an underscore": HEAD + b"Transfer_Encoding: chunked\r\n" + LENGTH + END,
    "te behind a bare line feed": HEAD + b"X: y\nTransfer-Encoding: chunked\r\n" + LENGTH + END,
    "te behind a bare carriage return": HEAD + b"X: y\rTransfer-Encoding: chunked\r\n" + LENGTH + END,
    "te with a zero byte": HEAD + b"Transfer-Encoding: chunked\0\r\n" + LENGTH + END,
    "length twice": HEAD + SHORT + LENGTH + END,
    "length list": HEAD + b"Content-Length: 4, 80\r\n" + END,
    "length signed": HEAD + b"Content-Length: +4\r\n" + END,
    "length negative": HEAD + b"Content-Length: -4\r\n" + END,
    "length in hexadecimal": HEAD + b"Content-Length: 0x40\r\n" + END,
    "length too large": HEAD + b"Content-Length: 99999999999999999999\r\n" + END,
    "length folded": HEAD + b"Content-Length:\r\n 4\r\n" + END,
    "chunk size signed": HEAD + CHUNKED + b"\r\n+5\r\nhello" + END,
    "chunk size negative": HEAD + CHUNKED + b"\r\n-1\r\n" + END,
    "chunk size in hexadecimal notation": HEAD + CHUNKED + b"\r\n0x5\r\nhello" + END,
    "chunk size too large": HEAD + CHUNKED + b"\r\nfffffffffffffffff\r\n" + END,
    "chunk without a size": HEAD + CHUNKED + b"\r\n;x=y\r\n" + END,
    "chunk longer than its size": HEAD + CHUNKED + b"\r\n3\r\nhello" + END,
    "http 1.0 chunked": HEAD.replace(b"1.1", b"1.0") + CHUNKED + LENGTH + END,
    "body of a get": b"GET /api/v1/users/carrier HTTP/1.1\r\nHost: localhost\r\n" + LENGTH + END,
    "host twice": HEAD + b"Host: other\r\n" + LENGTH + END,
    "absolute and host": HEAD.replace(b"/api", b"http://other/api", 1) + LENGTH + END,
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_service_hears_one_request_or_the_door_refuses(door: Door, heard: list[str], name: str) -> None:
    before = len(heard)
    statuses = statuses_of(door, VECTORS[name])
    carried = heard[before:]
    refused = statuses and statuses[0] in {b"400", b"404", b"501"}
    assert carried in ([], ["POST /api/v1/users/carrier"], ["GET /api/v1/users/carrier"]), (statuses, carried)
    assert refused or len(carried) == 1, (statuses, carried)


def statuses_of(door: Door, raw: bytes) -> list[bytes]:
    """The status of each answer on one connection, until it is closed or silent."""
    received = b""
    with socket.create_connection(("127.0.0.1", door.port), timeout=0.7) as connection:
        connection.sendall(raw)
        try:
            while part := connection.recv(65536):
                received += part
        except TimeoutError:
            pass
        except ConnectionResetError:
            pass
    return [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]]
