"""A POST that is sent again with its Idempotency-Key is answered again, not done again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from shared import tables
from shared.sweeping import SWEEP
from shared.testing import Harness
from shared.testing.harness import Caller
from tests.kernel.trial_service import count_things


def make(caller: Caller, name: str, key: str, url: str = "/things") -> Any:
    return caller.post(url, json={"name": name}, headers={"Idempotency-Key": key})


def test_a_repeated_request_gets_the_first_answer_and_has_no_second_effect(things: Harness) -> None:
    caller, name, key = things.caller(), f"once {uuid4()}", str(uuid4())
    first = make(caller, name, key)
    assert first.status_code == 201
    assert "Idempotency-Replayed" not in first.headers
    for _ in range(3):
        again = make(caller, name, key)
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"
        for header in ("ETag", "Content-Type", "Content-Length"):
            assert again.headers[header] == first.headers[header]
    assert count_things(things, name) == 1


@pytest.mark.parametrize("other", ["body", "query", "path"])
def test_a_key_of_another_request_is_refused(things: Harness, other: str) -> None:
    caller, name, key = things.caller(), f"first {uuid4()}", str(uuid4())
    assert make(caller, name, key).status_code == 201
    url = {"body": "/things", "query": "/things?pause=0", "path": "/api/v1/admin/events/live/replay"}[other]
    caller = things.caller("admin", user_id=caller.user_id)
    body = {"event_id": "none"} if other == "path" else {"name": name if other == "query" else "second"}
    answer = caller.post(url, json=body, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:academy:problem:idempotency-key-reused")
    assert count_things(things, name) == 1


def test_of_requests_at_once_one_has_the_effect_and_the_others_are_told_to_wait(things: Harness) -> None:
    caller, name, key = things.caller(), f"at once {uuid4()}", str(uuid4())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: make(caller, name, key, "/things?pause=0.5"), range(8)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 201
    assert set(statuses) <= {201, 409}
    assert 409 in statuses
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["type"] == "urn:academy:problem:idempotency-key-in-use"
            assert int(answer.headers["Retry-After"]) >= 1
    assert count_things(things, name) == 1
    assert make(caller, name, key, "/things?pause=0.5").headers["Idempotency-Replayed"] == "true"


def test_a_key_belongs_to_its_actor(things: Harness) -> None:
    name, key = f"mine {uuid4()}", str(uuid4())
    ids = {make(things.caller(), name, key).json()["id"] for _ in range(2)}
    assert len(ids) == 2


@pytest.mark.parametrize(("name", "status"), [("refused", 409), ("broken", 500), ("uncommittable", 500)])
def test_a_failed_request_leaves_nothing_and_its_key_may_be_used_again(things: Harness, name: str, status: int) -> None:
    caller, key = things.caller(), str(uuid4())
    for _ in range(2):
        assert make(caller, name, key).status_code == status
    assert count_things(things, name) == 0
    assert make(caller, f"after {key}", key).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "a\tb", "caf\xe9"])
def test_a_key_that_is_none_is_refused_by_the_name_of_its_header(things: Harness, key: str) -> None:
    headers: Any = {"Idempotency-Key": key.encode("latin-1")}
    answer = things.caller().post("/things", json={"name": "never"}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert count_things(things, "never") == 0


def test_nobody_gets_an_answer_without_the_right_to_ask(things: Harness) -> None:
    caller, key = things.caller(), str(uuid4())
    make(caller, "guarded", key)
    headers = {"Idempotency-Key": key}
    assert things.client.post("/things", json={"name": "guarded"}, headers=headers).status_code == 401
    assert things.caller("nobody", user_id=caller.user_id).post(
        "/things", json={"name": "guarded"}, headers=headers
    ).status_code == 403  # fmt: skip


def test_answers_with_secrets_are_not_stored(things: Harness) -> None:
    caller, key = things.caller(), str(uuid4())
    for _ in range(2):
        assert "Idempotency-Replayed" not in make(caller, "secret", key, "/secrets").headers
    assert not _stored(things, key)


def test_answers_are_kept_for_a_day(things: Harness) -> None:
    caller, young, old = things.caller(), str(uuid4()), str(uuid4())
    for key in (young, old):
        make(caller, "aging", key)
    keys = tables.idempotency_keys
    with things.database.begin() as session:
        for key, hours in ((young, 23), (old, 25)):
            made_at = func.now() - timedelta(hours=hours)
            session.execute(update(keys).where(keys.c.key == key).values(created_at=made_at))
    SWEEP.run_to_end(things.database)
    assert (_stored(things, young), _stored(things, old)) == (1, 0)


def _stored(things: Harness, key: str) -> int:
    keys = tables.idempotency_keys
    with things.database.begin() as session:
        return int(session.scalar(select(func.count()).select_from(keys).where(keys.c.key == key)) or 0)
