"""Z3: what a caller may not decide, slipped into everything that writes: refused by name, or without effect."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from tests.authorization.asking import ask, send, want
from tests.authorization.operations import Operation, Operations
from tests.authorization.policy import Policy
from tests.authorization.recipes import Want
from tests.authorization.test_z2_replay import seen_by_owner
from tests.authorization.world import World

MARK = f"injected{uuid7().hex}"
SLIPPED: dict[str, Any] = {
    **dict.fromkeys(("id", "user_id", "owner_id", "instructor_id", "host_id", "buyer_id", "actor_id", "sid"), MARK),
    **dict.fromkeys(("role", "status", "access", "scope", "plan", "slug", "room", "certificate", "code", "act"), MARK),
    **dict.fromkeys(("price", "progress", "paid_amount", "refunded_amount", "balance", "share", "version"), 424242),
    **dict.fromkeys(("is_admin", "email_verified", "verified", "paid", "enrolled", "completed", "published"), True),
    **dict.fromkeys(("created_at", "completed_at", "paid_at", "issued_at", "expires_at"), "2000-01-01T00:00:00Z"),
    "roles": ["admin"],
    "permissions": ["users:admin"],
    "impersonated_by": MARK,
}


def test_every_body_refuses_fields_that_it_does_not_know(world: World, operations: Operations) -> None:
    accepted = []
    for operation in (one for one in operations.values() if isinstance(one.example, dict)):
        if operation.content_type != "application/json":
            continue
        for place, body, slipped in _with_fields_slipped_in(operation.example):
            asked = ask(world, operation, Want(body=body), "admin")
            named = [field for field in slipped if f'"field":"{place}{field}"' not in asked.text]
            if asked.status != 422 or named:
                accepted.append(f"{operation.id}: {asked.status}, not refused: {place}{named}")
    assert not accepted, "\n".join(accepted)


def _with_fields_slipped_in(example: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
    """(path of the object, whole body, the fields slipped into the object) for the body and each object in it."""
    unknown = {field: value for field, value in SLIPPED.items() if field not in example}
    yield "", {**example, **unknown}, list(unknown)
    for member, value in example.items():
        if isinstance(value, dict) and value:
            inside = {field: slipped for field, slipped in SLIPPED.items() if field not in value}
            yield f"{member}.", {**example, member: {**value, **inside}}, list(inside)


def _bodyless(operations: Operations) -> list[Operation]:
    return [one for one in operations.values() if one.changes_something and one.protected and not one.content_type]


def test_what_takes_no_body_is_not_moved_by_one(world: World, operations: Operations, policy: Policy) -> None:
    moved = []
    for operation in _bodyless(operations):
        wanted = want(world, operation.id)
        expected = policy[operation.service][operation.id]["owner"]
        asked = ask(world, operation, Want(wanted.names, SLIPPED, newcomer=wanted.newcomer), "owner")
        if asked.status not in (expected, 422) or MARK in asked.text or "424242" in asked.text:
            moved.append(f"{operation.id}: {asked.status} instead of {expected}: {asked.text[:200]}")
    assert not moved, "\n".join(moved)
    me = json.loads(ask(world, operations["read_me"], Want(), "owner").text)
    assert (me["id"], me["roles"], me["status"]) == (world.ids["user_id"], ["instructor"], "active")


@pytest.mark.parametrize("place", ["query", "data"])
def test_an_upload_is_of_who_sends_it(world: World, operations: Operations, place: str) -> None:
    wanted = want(world, "upload_file")
    assert wanted.upload
    more = {"user_id": MARK, "size": "1"}
    data = {**wanted.upload["data"], **(more if place == "data" else {})}
    query = more if place == "query" else {}
    asked = ask(world, operations["upload_file"], Want(query=query, upload={**wanted.upload, "data": data}), "owner")
    assert asked.status == (201 if place == "query" else 422)
    assert MARK not in asked.text


def test_no_header_makes_somebody_of_a_caller(world: World, operations: Operations) -> None:
    """What a gateway of another make would set for its services: ours trust the token alone."""
    names = ("X-User-Id", "X-User-Roles", "X-Roles", "X-Forwarded-User", "X-Remote-User", "Remote-User", "X-Admin")
    claimed = dict.fromkeys(names, world.ids["user_id"]) | {"X-User-Roles": "admin", "X-Roles": "admin"}
    override = {
        "X-HTTP-Method-Override": "DELETE",
        "X-Original-URL": "/internal/revocations",
        "X-Rewrite-URL": "/metrics",
    }
    before = seen_by_owner(world, operations)
    stranger = world.token_of("stranger")
    for id, expected in {"read_me": 200, "get_order": 404, "list_users": 403, "read_file": 403}.items():
        for token, status in ((stranger, expected), (None, 401)):
            asked = send(world, operations[id], Want(), token, headers={**claimed, **override})
            assert asked.status == status, id
            assert asked.names(world.private | world.taught) == set()
    assert seen_by_owner(world, operations) == before
