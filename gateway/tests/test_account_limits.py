"""What carries an access token is limited by the token, and all tokens behind one address by a high limit."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gateway.tests.door import GATEWAY, Door, open_door

FarEnd = tuple[dict[str, str], list[str]]
DOCUMENT = json.loads((GATEWAY / "static" / "openapi.json").read_text())
READ = "/api/v1/enrollments"


def token(number: int, scheme: str = "Bearer") -> dict[str, str]:
    """Of the shape of an access token (three parts, an Ed25519 signature); the far end does not verify it."""
    return {"Authorization": f"{scheme} {'h' * 80}.{'p' * 300}.{number:086d}"}


def narrow(home: Path, name: str) -> Path:
    place = home / name
    place.mkdir()
    return place


def test_a_token_has_a_limit_of_its_own(home: Path, far_end: FarEnd) -> None:
    changes = {"GATEWAY_ACCOUNT_RATE": "1r/s", "GATEWAY_ACCOUNT_BURST": "3"}
    changes |= {"GATEWAY_API_RATE": "1r/s", "GATEWAY_API_BURST": "1"}
    with open_door(narrow(home, "tokens"), far_end[0], **changes) as door:
        answers = [door.ask("GET", READ, token(1)) for _ in range(5)]
        assert [answer.status for answer in answers] == [200, 200, 200, 200, 429]
        assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"account";q=1;w=1;burst=3'}
        assert answers[-1].headers["ratelimit"] == '"account";r=0;t=1'
        assert answers[-1].headers["retry-after"] == "1"
        assert answers[-1].json["type"] == "urn:academy:problem:too-many-requests"
        assert door.ask("GET", READ, token(1, "bearer"), source="127.0.0.2").status == 429, "wherever it comes from"
        assert [door.ask("GET", READ, token(2)).status for _ in range(4)] == [200] * 4
        assert [door.ask("GET", READ).status for _ in range(3)] == [200, 200, 429], "no token, another limit"
        assert door.ask("GET", READ, token(3)).status == 200


def test_a_thousand_learners_behind_one_address_read_at_the_same_time(home: Path, far_end: FarEnd) -> None:
    with open_door(narrow(home, "school"), far_end[0]) as door, ThreadPoolExecutor(60) as school:
        statuses = list(school.map(lambda number: door.ask("GET", READ, token(number)).status, range(1000)))
    assert 429 not in statuses


def test_all_tokens_behind_one_address_have_a_limit_together(home: Path, far_end: FarEnd) -> None:
    changes = {"GATEWAY_ADDRESS_RATE": "1r/s", "GATEWAY_ADDRESS_BURST": "9"}
    with open_door(narrow(home, "backstop"), far_end[0], **changes) as door:
        statuses = [door.ask("GET", READ, token(number)).status for number in range(12)]
        assert statuses == [200] * 10 + [429] * 2
        assert door.ask("GET", READ, token(99), source="127.0.0.2").status == 200


@pytest.mark.parametrize("text", ["Bearer {0}", "Bearer a.b.{0}", "Basic {0:086d}", "Bearer  a.b.{0:086d}", "{0:086d}"])
def test_what_has_not_the_shape_of_a_token_is_counted_by_address(home: Path, far_end: FarEnd, text: str) -> None:
    changes = {"GATEWAY_API_RATE": "1r/s", "GATEWAY_API_BURST": "2"}
    with open_door(narrow(home, f"shape-{abs(hash(text))}"), far_end[0], **changes) as door:
        statuses = [door.ask("GET", READ, {"Authorization": text.format(number)}).status for number in range(5)]
    assert statuses == [200, 200, 200, 429, 429]


STRICT = [("/api/v1/auth/login", "AUTH"), ("/api/v1/auth/refresh", "UNCACHED"), ("/.well-known/jwks.json", "UNCACHED")]


@pytest.mark.parametrize(("path", "limit"), STRICT)
def test_where_no_token_is_looked_at_a_made_up_one_gains_nothing(
    home: Path, far_end: FarEnd, path: str, limit: str
) -> None:
    changes = {f"GATEWAY_{limit}_RATE": "1r/s", f"GATEWAY_{limit}_BURST": "1"}
    with open_door(narrow(home, f"public-{path[-5:]}"), far_end[0], **changes) as door:
        method = "GET" if "well-known" in path else "POST"
        assert [door.ask(method, path, token(number)).status for number in range(4)] == [200, 200, 429, 429]


def operations() -> list[tuple[str, str, Mapping[str, Any]]]:
    """(method, path, operation) of each operation, ids filled in."""
    return [
        (method.upper(), path, operation)
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
    ]


def test_what_needs_a_sign_in_is_limited_by_account_and_nothing_else_is(door: Door) -> None:
    wrong = []
    for method, path, operation in operations():
        answer = door.ask(method, path.replace("{", "").replace("}", ""), token(1), b"{}" if method != "GET" else b"")
        by_account = answer.headers["ratelimit-policy"].startswith('"account"')
        # The course list and the like are counted by token as well when they are answered from the cache.
        if by_account != ("security" in operation) and "cache-status" not in answer.headers:
            wrong.append((method, path, answer.headers["ratelimit-policy"]))
    # Addresses that carry their own permission: a token that is sent all the same is what counts.
    assert {(method, path) for method, path, _ in wrong} == {
        ("GET", "/api/v1/users/avatars/{avatar_id}/{size}"),
        ("GET", "/api/v1/files/{file_id}/media"),
        ("GET", "/api/v1/notifications/unsubscribe/{token}"),
        ("POST", "/api/v1/notifications/unsubscribe/{token}"),
    }
    assert {policy for _, _, policy in wrong} == {'"account";q=20;w=1;burst=100'}


NETWORKS = [
    ("1.2.3.4", "1.2.3.4", True),
    ("1.2.3.5", "1.2.3.6", False),
    ("2001:db8::1", "2001:db8::2", True),
    ("2001:db8:1::1", "2001:DB8:1:0:ffff:ffff:ffff:ffff", True),
    ("2001:db8:2:0:0:0:0:1", "2001:0db8:0002::", True),
    ("2001:db8:3::1", "2001:db8:3:1::1", False),
    ("2001:db8:4::", "2001:db8:4:0:1::", True),
    ("2001:0:0:5::1", "2001::5:a:b:c:d", True),
    ("2001:a0a:a0a:a0a:a0a::1", "2001:a0a:a0a:a0a:b::", True),
    ("2001:a0a:a0a:a00::1", "2001:a0a:a0a:a0b::", False),
    ("2001:db8:6::1", "[2001:db8:6::2]:443", True),
    ("::1", "::2", True),
    ("::ffff:1.2.3.7", "1.2.3.7", True),
    ("::ffff:102:308", "1.2.3.8", True),
    ("::ffff:1.2.3.9", "::ffff:1.2.3.10", False),
    ("2001:db8:7:0:0:ffff:102:30b", "1.2.3.11", False),
]


@pytest.fixture(scope="module")
def behind_a_proxy(home: Path, far_end: FarEnd) -> Any:
    changes = {"GATEWAY_TRUSTED_PROXY": "127.0.0.1", "GATEWAY_API_RATE": "1r/m", "GATEWAY_API_BURST": "1"}
    with open_door(narrow(home, "networks"), far_end[0], **changes) as door:
        yield door


@pytest.mark.parametrize(("first", "second", "shared"), NETWORKS)
def test_an_address_of_ipv6_shares_the_limit_of_its_first_64_bits(
    behind_a_proxy: Door, first: str, second: str, shared: bool
) -> None:
    assert [behind_a_proxy.ask("GET", READ, {"X-Forwarded-For": first}).status for _ in range(2)] == [200, 200]
    answer = behind_a_proxy.ask("GET", READ, {"X-Forwarded-For": second})
    assert answer.status == (429 if shared else 200)


def test_what_is_no_address_counts_as_the_proxys_own(behind_a_proxy: Door) -> None:
    junk = ("fe80::1%eth0", "1.2.3", "unknown", "2001:db8::g")
    statuses = [behind_a_proxy.ask("GET", READ, {"X-Forwarded-For": text}).status for text in junk]
    assert statuses == [200, 200, 429, 429]
