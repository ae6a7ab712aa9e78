"""Limits in tests: bring a subject to its limit, let the period end, look at a refusal."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, update

from shared import limits, tables
from shared.limits import Limit
from shared.testing.harness import Harness


def use_up(harness: Harness, limit: Limit, subject: UUID | str, left: int = 0) -> None:
    """Counts all uses of a limit but `left`."""
    with harness.database.begin() as session:
        for _ in range(limit.count - left):
            limits.use(session, limit, subject)


def end_period(harness: Harness, limit: Limit, subject: UUID | str) -> None:
    """As if the period had passed."""
    counts = tables.limit_counts
    mine = (counts.c.name == limit.name, counts.c.subject == str(subject))
    with harness.database.begin() as session:
        session.execute(update(counts).where(*mine).values(ends_at=func.now()))


def assert_refused(answer: Any, limit: Limit) -> None:
    """The answer is the problem that names the limit and when it opens again."""
    assert answer.status_code == 429, answer.text
    problem = answer.json()
    assert problem["type"] == "urn:academy:problem:limit-reached"
    assert (problem["limit"], problem["count"]) == (limit.name, limit.count)
    seconds = limit.period.total_seconds()
    assert problem["period_seconds"] == seconds
    assert 1 <= int(answer.headers["Retry-After"]) <= seconds
    assert problem["opens_at"].endswith("Z")
    assert limit.advice in problem["detail"]
