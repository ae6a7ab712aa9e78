"""At most n per subject and period: for whatever mails, gathers, stores or calls a vendor.

A row per limit and subject holds the uses of the present window, which begins with its first use. One statement counts
in the transaction of the act: requests at once wait for each other at the row, and an act that fails takes its count
back. Around the end of a window up to twice the number is possible.
https://en.wikipedia.org/wiki/Rate_limiting
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, select, text
from sqlalchemy.orm import Session

from shared import tables
from shared.errors import Problem
from shared.prepared import hot
from shared.transactions import later

UNITS = {timedelta(hours=1): "hour", timedelta(days=1): "day"}
UNLIMITED = 2**31 - 1
_COUNT = hot(
    text("""
    INSERT INTO limit_counts AS old (name, subject, used, ends_at)
    VALUES (CAST(:name AS text), CAST(:subject AS text), 1, statement_timestamp() + CAST(:period AS interval))
    ON CONFLICT (name, subject) DO UPDATE SET
        used = CASE WHEN old.ends_at <= statement_timestamp() THEN 1 ELSE old.used + 1 END,
        ends_at = CASE WHEN old.ends_at <= statement_timestamp() THEN excluded.ends_at ELSE old.ends_at END
    WHERE old.ends_at <= statement_timestamp() OR old.used < CAST(:most AS integer)
    RETURNING used
""")
)
_GIVE_BACK = later(
    hot(text("UPDATE limit_counts SET used = used - 1 WHERE name = :name AND subject = :subject AND used > 0"))
)
_counts = tables.limit_counts.c
_ENDS_AT = hot(
    select(_counts.ends_at).where(_counts.name == bindparam("name"), _counts.subject == bindparam("subject"))
)


@dataclass(frozen=True)
class Limit:
    """A declared limit: `count` per `per` ("account", "course", ...) and `period`, an hour or a day. `what` is counted,
    in the plural; `advice` tells a person what to do beside waiting, as a sentence. `name` is stable: clients and rows
    know the limit by it."""

    name: str
    what: str
    count: int
    per: str
    period: timedelta
    advice: str

    def __str__(self) -> str:
        return f"{self.count} {self.what} per {self.per} and {UNITS[self.period]}"


class LimitReached(Problem):
    """Beside the usual members: `limit` (its name), `count`, `period_seconds`, `opens_at`."""

    status, slug, title = 429, "limit-reached", "That was often enough for now"

    def __init__(self, limit: Limit, opens_at: datetime) -> None:
        seconds = max(1, math.ceil((opens_at - datetime.now(UTC)).total_seconds()))
        super().__init__(
            f"There may be {limit}. Go on after {opens_at:%Y-%m-%d %H:%M:%S} UTC. {limit.advice}",
            headers={"Retry-After": str(seconds)},
            limit=limit.name,
            count=limit.count,
            period_seconds=int(limit.period.total_seconds()),
            opens_at=opens_at,
        )


def use(session: Session, limit: Limit, subject: UUID | str) -> None:
    """Counts one use. Raises LimitReached, which undoes the transaction."""
    if not use_if_free(session, limit, subject):
        raise reached(session, limit, subject)


def reached(session: Session, limit: Limit, subject: UUID | str) -> LimitReached:
    """The refusal of one use more, to be raised."""
    ends_at = session.execute(_ENDS_AT, {"name": limit.name, "subject": str(subject)}).scalar()
    # Without a row the window has ended in this moment.
    return LimitReached(limit, ends_at or datetime.now(UTC))


def use_if_free(session: Session, limit: Limit, subject: UUID | str) -> bool:
    """Counts one use; False when all are used, for those who may not be told."""
    return _count(session, limit, subject, limit.count) is not None


def tally(session: Session, limit: Limit, subject: UUID | str) -> int:
    """Counts one more and refuses nobody: how many there were in the present window, this one included."""
    return int(_count(session, limit, subject, UNLIMITED) or 0)


def give_back(session: Session, limit: Limit, subject: UUID | str) -> None:
    """Takes back one use: it was none after all."""
    session.execute(_GIVE_BACK, {"name": limit.name, "subject": str(subject)})


def forget(session: Session, user_id: UUID) -> None:
    """Removes what was counted of an account."""
    session.execute(delete(tables.limit_counts).where(_counts.subject == str(user_id)))


def refusals(*limits: Limit) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: that, and when, it answers 429."""
    allowed = "; ".join(f"{limit} (`{limit.name}`)" for limit in limits)
    return {429: {"description": f"`limit-reached`: at most {allowed}. Or too many requests altogether"}}


def _count(session: Session, limit: Limit, subject: UUID | str, most: int) -> int | None:
    values = {"name": limit.name, "subject": str(subject), "period": limit.period, "most": most}
    used: int | None = session.execute(_COUNT, values).scalar()
    return used
