"""Public reads: which requests share a copy, and how many may miss it."""

from pathlib import Path

import pytest

from gateway.tests.door import Answer, Door, open_door

FarEnd = tuple[dict[str, str], list[str]]
TOKEN = {"Authorization": f"Bearer {'h' * 40}.{'p' * 200}.{'s' * 86}"}


@pytest.mark.parametrize("name", ["courses?query=for-all", "certificates/verify/for-all", "users/for-all/profile"])
def test_what_is_the_same_for_everybody_comes_from_the_cache_for_the_signed_in_too(
    door: Door, heard: list[str], name: str
) -> None:
    for _ in range(3):
        answers = [door.ask("GET", f"/api/v1/{name}", TOKEN) for _ in range(5)]
        assert all("cache-status" in answer.headers for answer in answers)
    assert "authorization" not in dict(answers[0].json["headers"])
    assert heard.count(f"GET /api/v1/{name}") < 15


@pytest.mark.parametrize(
    ("name", "reaches"),
    [
        ("courses?unknown={0}", "courses"),
        ("courses?unknown={0}&limit=3&query=a%26b&utm_source=x", "courses?query=a%26b&limit=3"),
        ("courses?limit=3&limit={0}", "courses?limit=3"),
        ("courses?&&limit=&xlimit=9&cursor=%63{0}", "courses?cursor=%63{0}"),
        ("courses/tracked?fbclid={0}", "courses/tracked"),
        ("certificates/verify/tracked?fbclid={0}", "certificates/verify/tracked"),
        ("users/tracked/profile?fbclid={0}", "users/tracked/profile"),
        ("users/avatars/tracked/small?fbclid={0}", "users/avatars/tracked/small"),
    ],
)
def test_a_query_that_the_service_does_not_know_reaches_neither_it_nor_the_key(
    door: Door, heard: list[str], name: str, reaches: str
) -> None:
    for number in range(4):
        assert door.ask("GET", f"/api/v1/{name.format(number)}").status == 200
        assert heard.count(f"GET /api/v1/{reaches.format(number)}") >= 1
    assert not [line for line in heard if "unknown" in line or "fbclid" in line or "utm_" in line]


def test_a_picture_is_asked_for_once_and_sent_from_the_disk(door: Door, heard: list[str]) -> None:
    path = "/api/v1/users/avatars/accel/identity/avatars/one"
    answers = [door.ask("GET", f"{path}?n={number}", TOKEN if number else {}) for number in range(5)]
    assert {(answer.status, answer.body) for answer in answers} == {(200, b"RIFF picture")}
    assert heard.count(f"GET {path}") == 1


def test_a_preflight_of_a_picture_is_answered(door: Door) -> None:
    headers = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"}
    answer = door.ask("OPTIONS", "/api/v1/users/avatars/one/small", headers)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, "http://localhost:3000")


MISSES = {
    "course": ("courses/{0}", {}),
    "search": ("courses?query={0}", TOKEN),
    "certificate": ("certificates/verify/{0}", TOKEN),
    "profile": ("users/{0}/profile", TOKEN),
    "picture": ("users/avatars/{0}/small", TOKEN),
}


@pytest.mark.parametrize("kind", MISSES)
def test_what_the_cache_does_not_have_is_limited_more_strictly_by_who_asks(
    home: Path, far_end: FarEnd, kind: str
) -> None:
    place = home / f"misses-{kind}"
    place.mkdir()
    form, token = MISSES[kind]
    changes = {"GATEWAY_UNCACHED_RATE": "1r/m", "GATEWAY_UNCACHED_BURST": "2", "GATEWAY_TRUSTED_PROXY": "127.0.0.1"}

    def ask(name: str, client: str) -> Answer:
        return door.ask("GET", f"/api/v1/{form.format(name)}", {"X-Forwarded-For": client} | token)

    with open_door(place, far_end[0], **changes) as door:
        assert [ask(f"{number}", "2001:db8::1").status for number in range(3)] == [200] * 3
        refused = ask("more", "2001:db8::2")
        assert (refused.status, refused.headers["retry-after"]) == (429, "1")
        assert refused.json["type"] == "urn:academy:problem:too-many-requests"
        assert refused.json["request_id"] == refused.headers["x-request-id"]
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["cache-control"] == "no-store"
        assert ask("more", "9.9.9.9").status == 200, "another client asks for it"
        assert ask("more", "2001:db8::3").status == 200, "what is kept is for all"
