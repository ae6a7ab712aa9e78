"""Revenue by day, course, instructor and currency: kept with every posting, so that reading it adds nothing up."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.models import RevenueDay
from shared.prepared import hot
from shared.transactions import later

# Which total an account's credits count for.
TOTALS = {"tax_payable": "tax", "instructor_payable": "instructors", "course_revenue": "academy"}
GROUPS = {"day": RevenueDay.day, "course": RevenueDay.course_id, "instructor": RevenueDay.instructor_id}
_DAYS: Any = RevenueDay.__table__
_NEW = insert(_DAYS)
_ADD = later(
    hot(
        _NEW.on_conflict_do_update(
            index_elements=["day", "course_id", "instructor_id", "currency"],
            set_={name: _DAYS.c[name] + _NEW.excluded[name] for name in TOTALS.values()},
        ).inline()
    )
)


@dataclass(frozen=True)
class RevenueFilter:
    """From and to are days (UTC), both included; None is anything."""

    since: date | None = None
    until: date | None = None
    course_id: UUID | None = None
    instructor_id: UUID | None = None
    currency: str | None = None


def add_to_totals(session: Session, entries: Sequence[Any]) -> None:
    """Adds the credits of entries of the ledger to their day."""
    totals: dict[tuple[Any, ...], dict[str, int]] = {}
    for entry in entries:
        name = TOTALS.get(entry.account)
        # A payout settles what was earned; it earns nobody anything.
        if name and entry.course_id:
            day = entry.occurred_at.astimezone(UTC).date()
            key = (day, entry.course_id, entry.instructor_id, entry.currency)
            totals.setdefault(key, dict.fromkeys(TOTALS.values(), 0))[name] -= entry.amount
    # In one order everywhere, so that two postings cannot wait for each other's rows.
    for key in sorted(totals, key=str):
        day, course_id, instructor_id, currency = key
        row: dict[str, Any] = {
            "day": day,
            "course_id": course_id,
            "instructor_id": instructor_id,
            "currency": currency,
            **totals[key],
        }
        session.execute(_ADD, row)


def list_revenue(session: Session, group: str, wanted: RevenueFilter) -> list[dict[str, Any]]:
    """Totals in minor units, one row for each member of the group and each currency; gross is the sum of the parts."""
    tests = (
        (operator.ge, RevenueDay.day, wanted.since),
        (operator.le, RevenueDay.day, wanted.until),
        (operator.eq, RevenueDay.course_id, wanted.course_id),
        (operator.eq, RevenueDay.instructor_id, wanted.instructor_id),
        (operator.eq, RevenueDay.currency, wanted.currency),
    )
    conditions = [test(column, value) for test, column, value in tests if value is not None]
    by = [GROUPS[group].label("key")] if group in GROUPS else []
    sums = [func.sum(getattr(RevenueDay, name)).label(name) for name in TOTALS.values()]
    statement = select(*by, RevenueDay.currency, *sums).where(*conditions)
    statement = statement.group_by(*by, RevenueDay.currency).order_by(*by, RevenueDay.currency)
    return [_read(row._mapping) for row in session.execute(statement.limit(10_000))]


def _read(row: Any) -> dict[str, Any]:
    parts = {name: int(row[name]) for name in TOTALS.values()}
    key = row.get("key")
    return {
        "key": None if key is None else str(key),
        "currency": row["currency"],
        "gross": sum(parts.values()),
        **parts,
    }
