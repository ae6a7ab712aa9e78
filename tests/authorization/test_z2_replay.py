"""Z2: what is the owner's, asked for by others under every id that it has: nothing read, nothing changed."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.authorization.asking import Asked, ask, send, want
from tests.authorization.operations import Operation, Operations
from tests.authorization.policy import ACTORS, OUTSIDERS, Policy, operation_id
from tests.authorization.recipes import Want
from tests.authorization.world import World

# The owner's things as the owner sees them.
OWN = [
    "read_me",
    "read_factors",
    "list_my_instructor_applications",
    "read_export",
    "read_course",
    "read_lesson",
    "list_announcements",
    "list_teaching",
    "list_enrollments",
    "read_file",
    "get_live_session",
    "get_order",
    "list_refunds",
    "list_documents",
    "list_order_steps",
    "get_certificate",
    "read_earnings",
]
# What an honest caller never sends to a list of their own things.
FILTERS = ("user_id", "owner_id", "instructor_id", "buyer_id", "learner_id", "recipient", "actor_id", "query")


def seen_by_owner(world: World, operations: Operations) -> dict[str, str]:
    return {id: ask(world, operations[id], Want(), "owner").text for id in OWN}


def test_who_is_refused_has_changed_nothing(world: World, operations: Operations, policy: Policy) -> None:
    # On what the owner keeps, not on what a recipe makes for its call.
    writes = [
        (operation, replace(want(world, operation.id), names={}, newcomer=False), actors)
        for operation, actors in _refused_writes(operations, policy)
    ]
    before = seen_by_owner(world, operations)
    assert not [id for id, text in before.items() if "urn:academy:problem" in text]
    admitted = [
        f"{operation.id} as {actor}"
        for operation, wanted, actors in writes
        for actor in actors
        if send(world, operation, wanted, world.token_of(actor)).status < 400
    ]
    assert admitted == []
    assert seen_by_owner(world, operations) == before


def _refused_writes(operations: Operations, policy: Policy) -> Iterator[tuple[Operation, list[str]]]:
    """What changes something, and the outsiders who must not."""
    for lines in policy.values():
        for name, expected in lines.items():
            operation = operations[operation_id(name)]
            if operation.changes_something and operation.protected and "@" not in name:
                yield operation, [actor for actor in OUTSIDERS if expected[actor] in (401, 403, 404)]


def test_a_thing_is_not_reached_through_somebody_elses_course(world: World, operations: Operations) -> None:
    """The rival owns the course in the path, or may read it; the lesson or module below it is the owner's."""
    own = {"course_id": world.rivals.id}
    found = {
        id: send(world, operations[id], Want({**own}, body), world.token_of("rival")).status
        for id, body in {
            "edit_module": {"title": "Mine now"},
            "delete_module": None,
            "edit_lesson": {"title": "Mine now"},
            "delete_lesson": None,
            "read_lesson": None,
            "add_lesson": {"title": "Mine now", "content": "x"},
        }.items()
    }
    assert set(found.values()) == {404}, found
    # Into the owner's module with a lesson of one's own; a file below the owner's lesson.
    moved = {**own, "lesson_id": world.rivals.lessons[0]}
    into = Want(moved, {"module_id": world.ids["module_id"]})
    assert send(world, operations["edit_lesson"], into, world.token_of("rival")).status == 404
    uploaded = replace(want(world, "upload_file"))
    assert uploaded.upload
    swapped = {**uploaded.upload, "data": {**own, "lesson_id": world.ids["lesson_id"]}}
    assert send(world, operations["upload_file"], Want(upload=swapped), world.token_of("rival")).status == 404


@pytest.mark.parametrize("id", ["read_lesson", "complete_lesson", "undo_lesson"])
def test_a_learner_reaches_no_lesson_of_another_course(world: World, operations: Operations, id: str) -> None:
    """The enrolled may read the course in the path; the lesson is one of a draft."""
    wanted = Want({"lesson_id": world.draft.lessons[0]}, None)
    asked = send(world, operations[id], wanted, world.token_of("enrolled"))
    assert (asked.status, asked.names(world.taught)) == (404, set())


def test_no_filter_and_no_cursor_of_the_owners_shows_the_owners_things(world: World, operations: Operations) -> None:
    lists = [one for one in operations.values() if one.method == "GET" and one.protected and "{" not in one.path]
    leaks = []
    for operation in lists:
        answer = ask(world, operation, Want(query={"limit": 1}), "owner")
        filters = dict.fromkeys(FILTERS, world.ids["user_id"]) | {"limit": 100}
        for query in (filters, {"cursor": _cursor(answer), "limit": 100}):
            asked = ask(world, operation, Want(query=query), "stranger")
            if asked.names(world.private | world.taught) or asked.status >= 500:
                leaks.append(f"{operation.id} {query}: {asked.status} {asked.text[:200]}")
    assert len(lists) > 20
    assert leaks == []


def _cursor(answer: Asked) -> str:
    marked = answer.headers.get("link", "").partition("cursor=")[2]
    return marked.partition("&")[0].partition(">")[0] or "none"


@pytest.mark.parametrize("asked_for", ["bytes=0-", "bytes=0-9", "bytes=-20", "bytes=0-0,5-9", "bytes=9-1", "lines=1-"])
@pytest.mark.parametrize("id", ["download_file", "download_certificate", "get_document"])
def test_a_range_is_no_way_round(world: World, operations: Operations, id: str, asked_for: str) -> None:
    def answer(actor: str) -> Asked:
        return send(world, operations[id], Want(), world.token_of(actor), headers={"Range": asked_for})

    assert answer("owner").status in {200, 206, 416}
    for actor in (one for one in OUTSIDERS if (id, one) != ("download_file", "enrolled")):
        asked = answer(actor)
        assert asked.status in {401, 403, 404}, actor
        assert asked.headers["content-type"] == "application/problem+json"
        assert asked.names(world.private | world.taught) == set()


def test_the_address_of_a_stored_file_is_nobodys(world: World, operations: Operations) -> None:
    """X-Accel-Redirect is between service and gateway: the client never sees where a file lies, nor may it say so."""
    direct: Any = world.at("catalog", "owner").get(operations["download_file"].path.format(**world.ids))
    stored = direct.headers["x-accel-redirect"]
    for actor in ACTORS:
        headers = {"Authorization": f"Bearer {world.token_of(actor)}", "X-Accel-Redirect": stored}
        assert world.stage.client.get(stored, headers=headers).status_code == 404
        assert "x-accel-redirect" not in world.stage.client.get("/api/v1/users/me", headers=headers).headers
