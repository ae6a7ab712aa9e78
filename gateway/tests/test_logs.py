"""What is written down: lines that are JSON whatever is sent, and no query anywhere."""

import json
import time
from pathlib import Path

from gateway.tests.door import Door, free_port, open_door

FarEnd = tuple[dict[str, str], list[str]]
RAW = [
    b"GET /api/v1/courses/\xff\xfe HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /api/v1/nothing\xc3 HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /api/v1/courses?query=\xe9 HTTP/1.1\r\nHost: localhost\r\n",
    b"GET \xff HTTP/1.1\r\nHost: localhost\r\n",
    b"G\xffT / HTTP/1.1\r\nHost: localhost\r\n",
    b'GET /api/v1/courses HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a\xff"b\r\ntraceparent: \xc3\r\n',
    b"GET /api/v1/courses HTTP/1.1\r\nHost: \xff\r\n",
]


def test_an_access_log_line_is_json_whatever_bytes_are_sent(home: Path, far_end: FarEnd) -> None:
    place = home / "bytes"
    place.mkdir()
    with open_door(place, far_end[0]) as door:
        for raw in RAW:
            door.send(raw + b"Connection: close\r\n\r\n")
        lines = written(door, len(RAW))
    logged = [json.loads(line) for line in lines]
    assert {"/api/v1/courses/", "/api/v1/nothing"} <= {line["path"] for line in logged}
    assert "a" in {line["user_agent"] for line in logged}
    assert not [line["path"] for line in logged if "?" in line["path"]]


def written(door: Door, count: int) -> list[str]:
    """The access log's lines once there are so many; strictly UTF-8."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        lines = (door.home / "access.log").read_bytes().decode("utf-8", "strict").splitlines()
        if len(lines) >= count:
            return lines
        time.sleep(0.02)
    raise TimeoutError(f"{len(lines)} lines")


def test_no_query_is_in_the_error_log_whatever_goes_wrong(home: Path, far_end: FarEnd) -> None:
    place = home / "quiet"
    place.mkdir()
    changes = {"GATEWAY_API_RATE": "1r/s", "GATEWAY_API_BURST": "3", "GATEWAY_CONNECTIONS": "5"}
    with open_door(place, {**far_end[0], "billing": f"127.0.0.1:{free_port()}"}, **changes) as door:
        secret = "query=my-secret"
        statuses = {door.ask("GET", f"/api/v1/payments/orders?{secret}").status for _ in range(9)}
        statuses |= {door.ask("GET", f"/api/v1/enrollments/drop?{secret}", source="127.0.0.2").status}
        too_large = f"POST /api/v1/users?{secret} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n"
        statuses |= {door.send(too_large.encode()).status, door.ask("GET", f"/assets/missing.js?{secret}").status}
        assert statuses == {404, 413, 429, 502}
        written(door, 12)
    assert "secret" not in (place / "error.log").read_text() + (place / "stderr.log").read_text()
