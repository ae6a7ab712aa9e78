"""What instructors have earned, what they were paid, and the statement that shows both."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.billing.ledger import BANK, INSTRUCTOR_PAYABLE, Entry, Posting, post
from services.billing.models import LedgerEntry, Payout
from shared import audit, locks
from shared.audit import Origin
from shared.errors import Conflict, Invalid

LONGEST_STATEMENT = 10_000


class NotThatMuchEarned(Conflict):
    slug, title = "payout-too-large", "The instructor is not owed that much"
    detail = "GET /api/v1/admin/payments/instructors/{id}/statement shows the balance of each currency."


@dataclass(frozen=True)
class PayoutTerms:
    """Minor units, and by what the payment is found at the bank."""

    instructor_id: UUID
    amount: int
    currency: str
    reference: str


def record_payout(session: Session, terms: PayoutTerms, origin: Origin) -> Payout:
    """Books a payment to an instructor. Raises NotThatMuchEarned."""
    # Two payouts at once must see each other, or both could take the same balance.
    locks.take_lock(session, f"payout:{terms.instructor_id}:{terms.currency}")
    if terms.amount > balance_of(session, terms.instructor_id, terms.currency):
        raise NotThatMuchEarned
    row = Payout(id=uuid7(), paid_by=origin.user_id, created_at=datetime.now(UTC), **vars(terms))
    session.add(row)
    session.flush()
    owed = Entry(INSTRUCTOR_PAYABLE, terms.amount, instructor_id=terms.instructor_id)
    entries = (owed, Entry(BANK, -terms.amount))
    post(session, Posting(f"payout:{row.id}", terms.currency, row.created_at, entries))
    audit.record(
        session, origin, "payout.recorded", row.id, instructor_id=str(terms.instructor_id), amount=terms.amount
    )
    return row


def balance_of(session: Session, instructor_id: UUID, currency: str) -> int:
    """What the instructor is owed now, minor units."""
    mine = (
        LedgerEntry.account == INSTRUCTOR_PAYABLE,
        LedgerEntry.instructor_id == instructor_id,
        LedgerEntry.currency == currency,
    )
    return -int(session.scalar(select(func.coalesce(func.sum(LedgerEntry.amount), 0)).where(*mine)) or 0)


def read_statement(session: Session, instructor_id: UUID, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """For each currency the balance before, every movement from `since` to before `until`, and the balance after.
    Raises Invalid for a time with more movements than a statement holds: a part of them would not add up."""
    mine = (LedgerEntry.account == INSTRUCTOR_PAYABLE, LedgerEntry.instructor_id == instructor_id)
    opening = select(LedgerEntry.currency, func.sum(LedgerEntry.amount)).where(*mine, LedgerEntry.occurred_at < since)
    openings = {currency: -int(total) for currency, total in session.execute(opening.group_by(LedgerEntry.currency))}
    within = (LedgerEntry.occurred_at >= since, LedgerEntry.occurred_at < until)
    order = (LedgerEntry.occurred_at, LedgerEntry.id)
    movements: dict[str, list[dict[str, Any]]] = {currency: [] for currency in openings}
    statement = select(LedgerEntry).where(*mine, *within).order_by(*order).limit(LONGEST_STATEMENT + 1)
    rows = session.scalars(statement).all()
    if len(rows) > LONGEST_STATEMENT:
        raise Invalid("since", f"leaves more than {LONGEST_STATEMENT} movements; ask for a shorter time", "too_long")
    for row in rows:
        movements.setdefault(row.currency, []).append(
            {
                "at": row.occurred_at,
                "cause": row.posting,
                "order_id": row.order_id,
                "course_id": row.course_id,
                "amount": -row.amount,
            }
        )
    return [
        {
            "currency": currency,
            "opening": openings.get(currency, 0),
            "movements": listed,
            "closing": openings.get(currency, 0) + sum(movement["amount"] for movement in listed),
        }
        for currency, listed in sorted(movements.items())
    ]
