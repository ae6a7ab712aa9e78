"""At most n per account and period."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select, update
from uuid_utils.compat import uuid7

from shared import limits, tables
from shared.privacy import erase_traces
from shared.sweeping import SWEEP
from shared.testing import Harness
from shared.testing.harness import Caller
from shared.testing.limits import assert_refused, end_period, use_up
from tests.kernel.trial_service import FEW, count_things


def make(caller: Caller, name: str, url: str = "/limited", **headers: str) -> Any:
    return caller.post(url, json={"name": name}, headers=headers)


def rows(things: Harness, subject: object) -> int:
    counts = tables.limit_counts
    with things.database.begin() as session:
        mine = select(func.count()).select_from(counts).where(counts.c.subject == str(subject))
        return int(session.scalar(mine) or 0)


def test_one_more_than_the_limit_is_refused_until_the_period_ends(things: Harness) -> None:
    caller, name = things.caller(), f"few {uuid4()}"
    assert [make(caller, name).status_code for _ in range(2)] == [201, 201]
    assert_refused(make(caller, name), FEW)
    assert count_things(things, name) == 2
    assert make(things.caller(), name).status_code == 201, "another account"
    end_period(things, FEW, caller.user_id)
    assert [make(caller, name).status_code for _ in range(3)] == [201, 201, 429]
    assert count_things(things, name) == 5


def test_of_requests_at_once_exactly_as_many_as_are_left_pass(things: Harness) -> None:
    caller, name = things.caller(), f"at once {uuid4()}"
    use_up(things, FEW, caller.user_id, left=1)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: make(caller, name, "/limited?pause=0.1"), range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] + [429] * 5
    assert count_things(things, name) == 1


def test_the_first_requests_of_an_account_at_once_are_all_counted(things: Harness) -> None:
    caller, name = things.caller(), f"first {uuid4()}"
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: make(caller, name, "/limited?pause=0.1"), range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [429] * 4


def test_a_repeated_and_a_failed_request_do_not_count(things: Harness) -> None:
    caller, name, key = things.caller(), f"repeated {uuid4()}", str(uuid4())
    for _ in range(3):
        assert make(caller, name, **{"Idempotency-Key": key}).status_code == 201
        assert make(caller, "refused").status_code == 409
    assert make(caller, name).status_code == 201
    assert_refused(make(caller, name, **{"Idempotency-Key": str(uuid4())}), FEW)
    assert make(caller, name, **{"Idempotency-Key": key}).status_code == 201, "an answer from before is still given"


def test_what_was_no_use_is_given_back_and_a_tally_refuses_nobody(things: Harness) -> None:
    subject = f"mailbox {uuid4()}"
    with things.database.begin() as session:
        for _ in range(5):
            limits.use(session, FEW, subject)
            limits.give_back(session, FEW, subject)
        assert [limits.tally(session, FEW, subject) for _ in range(4)] == [1, 2, 3, 4]
        assert not limits.use_if_free(session, FEW, subject)


def test_the_document_tells_the_limit(things: Harness) -> None:
    described = things.app.openapi()["paths"]["/limited"]["post"]["responses"]["429"]
    assert "2 things per account and hour (`things`)" in described["description"]
    assert "Retry-After" in described["headers"]
    assert list(described["content"]) == ["application/problem+json"]


def test_counts_whose_period_has_ended_are_removed(things: Harness) -> None:
    over, running = uuid7(), uuid7()
    for subject in (over, running):
        use_up(things, FEW, subject)
    counts = tables.limit_counts
    with things.database.begin() as session:
        old = update(counts).where(counts.c.subject == str(over))
        session.execute(old.values(ends_at=func.now() - timedelta(seconds=1)))
    SWEEP.run_to_end(things.database)
    assert (rows(things, over), rows(things, running)) == (0, 1)


def test_an_erased_accounts_counts_are_removed(things: Harness) -> None:
    user_id = uuid7()
    use_up(things, FEW, user_id)
    with things.database.begin() as session:
        erase_traces(session, user_id)
    assert rows(things, user_id) == 0
