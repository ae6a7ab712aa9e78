"""A hot route is a route like any other, but for the way of its requests."""

from typing import Annotated, Any
from uuid import UUID, uuid4

import pytest
from fastapi import Body, Depends

from shared.auth import PUBLIC, Actor, require
from shared.database import ReadDep
from shared.hot_routes import HotAnswer
from shared.routing import AcademyRouter
from shared.testing import Harness
from tests.kernel.trial_service import MOST_RENEWALS, count_things

Person = Annotated[Actor, require("account:use")]


@pytest.fixture
def thing(things: Harness) -> str:
    made = things.caller().post("/things", json={"name": f"hot {uuid4()}"})
    return str(made.json()["id"])


def test_it_answers_with_its_etag_and_tells_who_has_it_already(things: Harness, thing: str) -> None:
    caller = things.caller()
    answer = caller.get(f"/things/hot/{thing}")
    assert (answer.status_code, answer.json()["id"]) == (200, thing)
    assert answer.headers["ETag"].startswith('"1-')
    again = caller.get(f"/things/hot/{thing}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("address", "status"),
    [("{}", 401), ("not-an-id", 401), (f"{UUID(int=0)}", 401), ("{}?limit=nothing", 401)],
)
def test_nobody_without_a_token_learns_anything(things: Harness, thing: str, address: str, status: int) -> None:
    assert things.client.get(f"/things/hot/{address.format(thing)}").status_code == status


@pytest.mark.parametrize(
    ("address", "status", "field"),
    [
        ("not-an-id", 422, "thing_id"),
        ("01920000-0000-7000-8000-0000-00000000", 422, "thing_id"),
        ("{}?limit=nothing", 422, "limit"),
        ("{}?cursor=nothing", 422, "cursor"),
        (f"{UUID(int=0)}", 404, None),
    ],
)
def test_what_is_wrong_is_told_as_everywhere(
    things: Harness, thing: str, address: str, status: int, field: str | None
) -> None:
    answer = things.caller().get(f"/things/hot/{address.format(thing)}")
    assert answer.status_code == status
    assert [error["field"] for error in answer.json().get("errors", [])] == ([field] if field else [])


def test_an_id_in_another_spelling_is_the_same_id(things: Harness, thing: str) -> None:
    for spelling in (thing.upper(), thing.replace("-", ""), f"urn:uuid:{thing}"):
        assert things.caller().get(f"/things/hot/{spelling}").json()["id"] == thing


def test_a_write_is_committed_when_it_is_answered_and_gone_when_it_is_refused(things: Harness, thing: str) -> None:
    caller = things.caller()
    for version in range(2, MOST_RENEWALS + 1):
        assert caller.post(f"/things/hot/{thing}/renew").json()["version"] == version
        assert things.client.get(f"/things/{thing}").json()["version"] == version
    assert caller.post(f"/things/hot/{thing}/renew").status_code == 409
    assert things.client.get(f"/things/{thing}").json()["version"] == MOST_RENEWALS


def test_a_query_is_heard(things: Harness, thing: str) -> None:
    name = f"by query {uuid4()}"
    assert things.caller().post(f"/things/hot/{thing}/renew?name={name}").json()["name"] == name
    assert count_things(things, name) == 1


def test_a_key_makes_it_happen_once(things: Harness, thing: str) -> None:
    caller, headers = things.caller(), {"Idempotency-Key": str(uuid4())}
    first = caller.post(f"/things/hot/{thing}/renew", headers=headers)
    again = caller.post(f"/things/hot/{thing}/renew", headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (first.content, first.json()["version"]) == (again.content, 2)


def test_a_route_that_asks_for_more_does_not_start() -> None:
    router = AcademyRouter()

    def with_body(session: ReadDep, actor: Person, body: Annotated[dict[str, Any], Body()]) -> HotAnswer:
        return HotAnswer(body)

    def without_session(actor: Person) -> HotAnswer:
        return HotAnswer()

    def with_a_stranger(session: ReadDep, stranger: Annotated[int, Depends(lambda: 1)]) -> HotAnswer:
        return HotAnswer(stranger=stranger)

    for endpoint in (with_body, without_session, with_a_stranger):
        with pytest.raises(TypeError, match="hot route"):
            router.post("/more", response_model=dict[str, Any], dependencies=[PUBLIC])(endpoint)
