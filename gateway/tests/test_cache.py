"""Public reads: what is kept, for how long, for whom, and what happens when a service is away."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.tests.door import Answer, Door, open_door
from gateway.tests.far_end import Service
from ops.native.nginx import BROTLI

FarEnd = tuple[dict[str, str], list[str]]
PUBLIC = [
    "courses?query=kept{0}",
    "courses/python-{0}",
    "courses?query=sql&limit={0}&cursor=a%20b",
    "certificates/verify/ABCD{0}",
    "users/{0}/profile",
]


@pytest.fixture
def moods() -> Iterator[dict[str, int | float]]:
    """What each address does from now on: a status, or seconds to wait."""
    yield Service.moods
    Service.moods.clear()


def asked(heard: list[str], path: str) -> int:
    return sum(line.endswith(f" {path}") for line in heard)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_read_is_asked_once_and_then_kept(door: Door, heard: list[str], name: str) -> None:
    # A copy is fresh to the end of the second that it was asked in: where that came in between (nginx's clock is a
    # little behind), others are asked for.
    for attempt in range(9):
        path, began = f"/api/v1/{name.format(attempt + 1)}", time.time()
        first, second, head = (door.ask(method, path) for method in ("GET", "GET", "HEAD"))
        if int(began - 0.05) == int(time.time()):
            break
    assert (first.body, asked(heard, path)) == (second.body, 1)
    assert first.headers["cache-status"] == "gateway; fwd=uri-miss"
    assert second.headers["cache-status"] == "gateway; hit"
    assert second.headers["cache-control"] == "no-cache"
    assert head.headers["content-length"] == str(len(first.body))


@pytest.mark.parametrize("who", [{"Authorization": "Bearer t"}, {"Cookie": "a=b"}, {"Authorization": "Basic x"}])
def test_whoever_says_who_they_are_is_answered_by_the_service(
    door: Door, heard: list[str], who: dict[str, str]
) -> None:
    path = f"/api/v1/courses/for-me-{'-'.join(who)}{len(who.get('Authorization', ''))}"
    for expected in (1, 2):
        answer = door.ask("GET", path, who)
        assert "cache-status" not in answer.headers
        assert asked(heard, path) == expected
    assert door.ask("GET", path).headers["cache-status"] == "gateway; fwd=uri-miss"
    # The two sides never meet: after the public copy exists, the signed-in one still comes from the service.
    assert door.ask("GET", path, who).json["number"] == len(heard)


@pytest.mark.parametrize("word", ["cookie", "private", "?status=401", "?status=422", "?status=500"])
def test_what_is_meant_for_one_or_has_failed_is_never_kept(
    door: Door, heard: list[str], moods: dict[str, int | float], word: str
) -> None:
    path = f"/api/v1/courses/{word}"
    moods[path] = int(word.partition("=")[2] or 200)
    before = asked(heard, path)
    door.ask("GET", path)
    between = asked(heard, path)
    door.ask("GET", path)
    assert before < between < asked(heard, path)


def test_a_write_goes_to_the_service_and_nothing_of_it_is_kept(door: Door, heard: list[str]) -> None:
    path = "/api/v1/courses?write=1"
    assert [door.ask("POST", path, body=b"{}").status for _ in range(2)] == [200, 200]
    assert heard[-2:] == [f"POST {path}"] * 2


def test_nobody_is_given_anything_older_than_two_seconds(door: Door) -> None:
    def age(offset: float) -> tuple[int, int]:
        path = f"/api/v1/courses/aging-{offset}"
        time.sleep((offset - time.time()) % 1)
        old = door.ask("GET", path).json["number"]
        time.sleep(2)
        return old, door.ask("GET", path).json["number"]

    with ThreadPoolExecutor() as pool:
        assert all(new > old for old, new in pool.map(age, (0.0, 0.5, 0.95)))


def test_a_copy_that_has_just_expired_is_given_while_one_asks_anew(
    door: Door, heard: list[str], moods: dict[str, int | float]
) -> None:
    path = "/api/v1/courses/renewed"
    time.sleep(-time.time() % 1 + 0.1)
    door.ask("GET", path)
    moods[path] = 3.0
    time.sleep(1)
    began = time.monotonic()
    answers = _at_once(door, path, 20)
    assert time.monotonic() - began < 3
    assert {answer.json["number"] for answer in answers} == {answers[0].json["number"]}
    assert {answer.headers["cache-status"] for answer in answers} == {"gateway; hit; detail=stale-while-revalidate"}
    assert asked(heard, path) == 2


@pytest.mark.parametrize("seen_before", [False, True])
def test_a_crowd_asks_the_service_once(
    door: Door, heard: list[str], moods: dict[str, int | float], seen_before: bool
) -> None:
    path = f"/api/v1/courses/crowded-{seen_before}"
    if seen_before:
        door.ask("GET", path)
        time.sleep(3)
    moods[path] = 0.2
    time.sleep(-time.time() % 1 + 0.1)
    before = asked(heard, path)
    assert {answer.status for answer in _at_once(door, path, 30)} == {200}
    assert asked(heard, path) == before + 1


def test_what_is_not_there_is_kept_for_a_moment_too_and_replaces_what_was(
    door: Door, heard: list[str], moods: dict[str, int | float]
) -> None:
    path = "/api/v1/courses/withdrawn"
    assert door.ask("GET", path).status == 200
    moods[path] = 404
    time.sleep(2)
    assert [door.ask("GET", path).status for _ in range(2)] == [404, 404]
    assert asked(heard, path) == 2


def test_while_a_service_fails_the_last_good_answer_is_given(door: Door, moods: dict[str, int | float]) -> None:
    troubles = {f"/api/v1/courses/steady-{trouble}": trouble for trouble in (500, 503)}
    good = {path: door.ask("GET", path) for path in troubles}
    moods.update(troubles)
    time.sleep(2)
    for path in troubles:
        answer = door.ask("GET", path)
        assert (answer.status, answer.body) == (200, good[path].body)
        assert answer.headers["cache-status"].startswith("kept; hit; detail=service-away")
    moods.clear()
    time.sleep(2)
    for path in troubles:
        assert door.ask("GET", path).json["number"] > good[path].json["number"]


def test_with_nothing_kept_the_error_is_the_services_own(door: Door, moods: dict[str, int | float]) -> None:
    moods["/api/v1/courses/never-seen"] = 503
    answer = door.ask("GET", "/api/v1/courses/never-seen")
    assert (answer.status, answer.json["service"]) == (503, "catalog")
    answer = door.ask("GET", "/api/v1/courses/drop")
    assert (answer.status, answer.json["type"]) == (502, "urn:academy:problem:service-unreachable")


def test_a_copy_is_compared_by_its_etag(door: Door) -> None:
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        first = door.ask("GET", "/api/v1/courses/tagged", headers)
        assert first.headers["etag"].removeprefix("W/") == '"7"'
        again = door.ask("GET", "/api/v1/courses/tagged", {**headers, "If-None-Match": first.headers["etag"]})
        assert (again.status, again.body) == (304, b"")
        assert again.headers["x-frame-options"] == "DENY"
        assert door.ask("GET", "/api/v1/courses/tagged", {**headers, "If-None-Match": '"6"'}).status == 200


@pytest.mark.parametrize("accepted", ["", "gzip", "gzip, deflate, br, zstd", "br;q=0, gzip;q=0", "identity"])
def test_each_encoding_is_made_once_from_one_question(door: Door, heard: list[str], accepted: str) -> None:
    path = f"/api/v1/courses/packed-{len(accepted)}"
    if time.time() % 1 > 0.5:
        # A copy lives until the clock's next second, and three questions shall meet one.
        time.sleep(-time.time() % 1)
    plain = door.ask("GET", path)
    packed = door.ask("GET", path, {"Accept-Encoding": accepted})
    assert packed.headers.get("content-encoding") == ("gzip" if "gzip" in accepted and "q=0" not in accepted else None)
    assert "Accept-Encoding" in packed.headers["vary"]
    assert door.ask("GET", path, {"Accept-Encoding": accepted}).body == packed.body
    assert asked(heard, path) <= 2
    assert plain.status == packed.status == 200


@pytest.mark.parametrize(
    ("accept", "told"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/json, text/html", "application/json"),
        ("text/html;q=0.1, application/json", "text/html;q=0.1, application/json"),
    ],
)
def test_page_and_json_are_kept_apart(door: Door, accept: str, told: str) -> None:
    answer = door.ask("GET", f"/api/v1/certificates/verify/kind-{len(accept)}", {"Accept": accept})
    assert dict(answer.json["headers"])["accept"] == told


def test_nothing_that_is_not_in_the_key_reaches_the_service(door: Door) -> None:
    unkeyed = {"Accept-Language": "de", "Origin": "http://localhost:3000", "Range": "bytes=0-9", "User-Agent": "x"}
    unkeyed |= {
        "If-None-Match": '"x"',
        "X-Forwarded-Host": "evil",
        "X-Academy-Service": "billing",
        "X-Forwarded-For": "6",
    }
    answer = door.ask("GET", "/api/v1/courses/unkeyed?fresh=1", unkeyed)
    full = door.ask("GET", "/api/v1/courses/unkeyed?fresh=1")
    heard = dict(full.json["headers"])
    assert heard.keys() == {"host", "x-forwarded-for", "x-forwarded-proto", "x-request-id", "accept"}
    assert (heard["host"], heard["x-forwarded-for"]) == ("localhost", "127.0.0.1")
    assert answer.status in {200, 206}


def test_brotli_is_given_where_nginx_has_it(home: Path, far_end: FarEnd) -> None:
    place = home / "packed"
    place.mkdir()
    kind, name = ("brotli", "br") if BROTLI.exists() else ("gzip", "gzip")
    with open_door(place, far_end[0], GATEWAY_COMPRESSION=kind) as door:
        for accepted, used in {"gzip, deflate, br": name, "gzip": "gzip", "br;q=0, gzip": "gzip", "": None}.items():
            answer = door.ask("GET", "/api/v1/courses", {"Accept-Encoding": accepted})
            assert answer.headers.get("content-encoding") == used
            assert len(answer.body) < 1000 or not used


def test_reads_of_the_public_have_a_limit_of_their_own(home: Path, far_end: FarEnd) -> None:
    place = home / "crowd"
    place.mkdir()
    changes = {"GATEWAY_API_BURST": "1", "GATEWAY_PUBLIC_BURST": "3", "GATEWAY_PUBLIC_RATE": "1r/s"}
    with open_door(place, far_end[0], **changes) as door:
        assert [door.ask("GET", "/api/v1/courses").status for _ in range(5)] == [200, 200, 200, 200, 429]
        assert door.ask("GET", "/api/v1/courses/mine", {"Authorization": "Bearer t"}).status == 200


def _at_once(door: Door, path: str, count: int) -> list[Answer]:
    with ThreadPoolExecutor(count) as crowd:
        return list(crowd.map(lambda _: door.ask("GET", path), range(count)))


@pytest.mark.parametrize("length", [7_000, 12_000, 15_900])
def test_a_long_search_comes_through(door: Door, length: int) -> None:
    answer = door.ask("GET", f"/api/v1/courses?query={'x' * length}")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")


def test_one_too_long_is_refused_in_the_gateways_words(door: Door) -> None:
    answer = door.ask("GET", f"/api/v1/courses?query={'x' * 17_000}")
    assert (answer.status, answer.json["type"]) == (414, "urn:academy:problem:uri-too-long")
