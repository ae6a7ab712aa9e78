"""Whatever comes in, the answer is a problem that says whose fault it is, and never 5xx for a caller's."""

from typing import Any

import pytest

from shared.testing import Harness

BODIES = {
    "nothing": b"",
    "no JSON": b"{'name': 1}",
    "cut off": b'{"name": "x"',
    "a list": b"[1]",
    "a word": b"null",
    "deep": b"[" * 16_000,
    "deep and whole": b'{"name": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "another encoding": '{"name": "é"}'.encode("latin-1"),
    "a byte order mark": b'\xef\xbb\xbf{"name": 1}',
    "half a character as a name of a field": rb'{"\ud800": 1}',
    "half a character": rb'{"name": "\ud800"}',
    "a number too long": b'{"name": ' + b"9" * 5_000 + b"}",
    "no number": b'{"name": NaN}',
    "infinite": b'{"name": 1e400}',
    "NUL": rb'{"name": "\u0000"}',
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_good_is_the_callers_problem(things: Harness, name: str) -> None:
    answer: Any = things.caller().post("/notes", content=BODIES[name])
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_a_body_of_another_type_is_refused(things: Harness) -> None:
    answer = things.caller().post("/notes", content=b'{"name": "x"}', headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["type"]) == (415, "urn:academy:problem:unsupported-media-type")


def test_a_method_that_is_not_there_is_answered_with_those_that_are(things: Harness) -> None:
    answer = things.client.delete("/things/01a204d5-6df2-7173-a236-47f1d36712ce")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, PATCH")
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_address_with_a_slash_too_many_is_not_there_and_leads_nowhere(things: Harness) -> None:
    answer = things.client.get("/things/since/", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.headers.get("Location")) == (404, None)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "query",
    ["since=0120-12-23T16:19:47%2B21:03", "since=9999-12-31T23:59:59-23:59", "since=2026-01-01T00:00:00", "since=1e99"],
)
def test_any_time_is_understood_or_refused(things: Harness, query: str) -> None:
    answer = things.client.get(f"/things/since?{query}")
    assert answer.status_code in (200, 422), answer.text


@pytest.mark.parametrize("written", ["2026", "0.5", "1785000000", "2026-11-22", "-1", "1e99"])
def test_a_number_or_a_day_is_no_time(things: Harness, written: str) -> None:
    answer = things.client.get("/things/since", params={"since": written})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "since")


@pytest.mark.parametrize("written", ["2026-11-22T18:33:50Z", "2026-11-22t18:33:50.25z", "2026-11-22 18:33+02:00"])
def test_a_time_may_be_written_as_people_and_machines_do(things: Harness, written: str) -> None:
    assert things.client.get("/things/since", params={"since": written}).json() == {"past": True}


def test_a_connection_lost_under_a_statement_is_503(things: Harness) -> None:
    for _ in range(3):
        answer = things.client.get("/things/lost")
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:academy:problem:unavailable")
        assert answer.headers["Retry-After"]
    assert things.client.get("/things?name=none").status_code == 200, "the pool goes on"
