"""A body is refused before it costs anything: by who sends it, its length, its charset, its number of fields."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.testing import Harness
from tests.kernel.trial_bodies import SMALL_LIMIT

PROBLEM = "urn:academy:problem:"
JSON = "application/json"


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix(PROBLEM)


def pieces(size: int) -> Iterator[bytes]:
    """A body without Content-Length."""
    for start in range(0, size, 4096):
        yield b" " * min(4096, size - start)


@pytest.mark.parametrize(("address", "limit"), [("/notes", 16 << 10), ("/notes/short", SMALL_LIMIT)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_the_limit_is_read_and_one_byte_more_is_413(
    things: Harness, address: str, limit: int, chunked: bool
) -> None:
    for size, expected in ((limit, (422, "invalid-input")), (limit + 1, (413, "content-too-large"))):
        content: Any = pieces(size) if chunked else b" " * size
        assert kind(things.caller().post(address, content=content)) == expected


def test_a_body_of_somebody_who_may_not_call_is_not_looked_at(things: Harness) -> None:
    for content in (b" " * 100_000, b"{"):
        answer = things.client.post("/notes", content=content, headers={"Content-Type": JSON})
        assert kind(answer) == (401, "not-authenticated")
        assert kind(things.caller("nobody").post("/notes", content=content)) == (403, "forbidden")


@pytest.mark.parametrize(
    "content_type",
    [
        *(
            "application/json; charset=punycode",
            'application/json;charset="utf-16"',
            "application/json; a=b; CHARSET=idna",
        ),
        *("application/json; charset*=punycode''x", "text/plain", "multipart/form-data; boundary=x", "json", ""),
    ],
)
def test_a_body_in_another_type_or_charset_is_415(things: Harness, content_type: str) -> None:
    answer = things.caller().post("/notes", content=b'{"name": "x"}', headers={"Content-Type": content_type})
    assert kind(answer) == (415, "unsupported-media-type")
    assert JSON in answer.json()["detail"]


@pytest.mark.parametrize(
    "content_type", [JSON, "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"', "application/x+json"]
)
def test_utf_8_may_be_named(things: Harness, content_type: str) -> None:
    answer = things.caller().post("/notes", content='{"name": "é"}'.encode(), headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["name"]) == (200, "é")


@pytest.mark.parametrize("text", [rb"\ud800", rb"\udfff", rb"\udc00\ud800", rb"\u0000", rb"a\u0000b"])
@pytest.mark.parametrize(
    "body", [b'{"secret": "%s"}', b'{"%s": 1}', b'{"secret": "x", "more": [{"a": ["%s"]}]}', b'"%s"']
)
def test_text_that_cannot_be_stored_is_422_in_secrets_and_keys_too(things: Harness, body: bytes, text: bytes) -> None:
    answer = things.client.post("/notes/secret", content=body % text, headers={"Content-Type": JSON})
    assert kind(answer) == (422, "invalid-input")


def test_an_escaped_backslash_before_u0000_is_no_nul(things: Harness) -> None:
    answer = things.client.post("/notes/secret", json={"secret": r"\u0000 \ud800 😀"})
    assert answer.json() == {"length": 18}


HOSTILE = {
    "unknown fields": b"{" + b",".join(b'"%05x":1' % n for n in range(50_000)) + b"}",
    "few unknown fields with long names": b"{" + b",".join(b'"%d%s":1' % (n, b"x" * 9_000) for n in range(60)) + b"}",
    "names of control characters": b"{" + b",".join(b'"%d%s":1' % (n, rb"\u0001" * 200) for n in range(60)) + b"}",
    "names of quotes": b"{" + b",".join(b'"%d%s":1' % (n, rb"\"" * 200) for n in range(60)) + b"}",
    "names outside the BMP": b"{" + b",".join(b'"%d%s":1' % (n, "💥".encode() * 200) for n in range(60)) + b"}",
    "lists": b"[" + b"[]," * 200_000 + b"[]]",
    "a list of wrong values": b'{"name": "x", "numbers": [' + b'"x",' * 400 + b'"x"]}',
    "deep lists": b"[" * 600_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and whole": b'{"numbers": ' + b"[" * 300 + b"]" * 300 + b"}",
    "a string that does not end": b'{"name": "' + rb"\"" * 300_000,
    "quotes": b'"' * 600_000,
    "a long number": b'{"name": ' + b"9" * 600_000 + b"}",
    "spaces": b" " * 600_000,
    "one long name": b'{"' + b"x" * 600_000 + b'": 1}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_refusal_of_a_hostile_body_is_short(things: Harness, name: str) -> None:
    answer = things.client.post("/notes/long", content=HOSTILE[name], headers={"Content-Type": JSON})
    assert kind(answer) == (422, "invalid-input")
    assert len(answer.content) < 8_000
    assert len(answer.json().get("errors", [])) <= 50
    assert all(len(error["field"]) <= 100 for error in answer.json()["errors"])


def test_a_refusal_names_the_fields_until_they_are_too_many(things: Harness) -> None:
    few: Any = things.client.post("/notes/long", json={"a": 1, "b": 2})
    assert few.json()["detail"] == "Correct these fields and send again: a, b, name."
    many: Any = things.client.post("/notes/long", json={f"field {n:03}": 1 for n in range(200)})
    assert many.json()["detail"].endswith(" and others.")
    assert [error["field"] for error in many.json()["errors"]][:2] == ["name", "field 000"]


def test_a_long_text_in_json_is_taken_up_to_the_limit(things: Harness) -> None:
    text = 'He said: "a, b, [c] {d}", \\ and more. ' * 14_000
    assert things.client.post("/notes/long", json={"name": text}).json() == {"length": len(text)}


def test_answers_to_requests_with_credentials_are_not_kept(things: Harness) -> None:
    caller = things.caller()
    made: Any = caller.post("/things", json={"name": "kept nowhere"})
    hot: Any = caller.get(f"/things/hot/{made.json()['id']}")
    again: Any = caller.get(f"/things/hot/{made.json()['id']}", headers={"If-None-Match": hot.headers["ETag"]})
    refused: Any = caller.post("/things", json={})
    missing: Any = caller.get("/nowhere")
    assert [answer.status_code for answer in (made, hot, again, refused, missing)] == [201, 200, 304, 422, 404]
    assert {answer.headers["Cache-Control"] for answer in (made, hot, again, refused, missing)} == {"no-store"}
    assert again.headers["ETag"] == hot.headers["ETag"]


def test_what_is_read_without_credentials_may_be_kept_and_a_route_may_say_otherwise(things: Harness) -> None:
    assert "Cache-Control" not in things.client.get("/things?name=none").headers
    assert things.caller().get("/notes/kept").headers["Cache-Control"] == "private, max-age=60"
