"""The double-entry ledger: every movement of money is a posting, and every posting sums to zero.

Amounts are minor units; a debit is positive, a credit negative. A posting is named after its cause (`payment:pi_...`,
`refund:re_...`), so that writing it again changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.models import LedgerEntry, Order
from services.billing.models.orders import NOBODY
from services.billing.revenue import add_to_totals
from services.billing.sightings import Fee

STRIPE_BALANCE = "stripe_balance"
STRIPE_FEES = "stripe_fees"
TAX_PAYABLE = "tax_payable"
INSTRUCTOR_PAYABLE = "instructor_payable"
COURSE_REVENUE = "course_revenue"
UNALLOCATED = "unallocated_payments"
DISPUTED = "disputed_funds"
BANK = "bank"


@dataclass(frozen=True)
class Entry:
    """One side of a posting; `line` tells the entries of an order's lines apart."""

    account: str
    amount: int
    line: int = 0
    course_id: UUID | None = None
    instructor_id: UUID = NOBODY


@dataclass(frozen=True)
class Posting:
    """Entries that belong together: why (`key`), in which currency, when the money moved."""

    key: str
    currency: str
    at: datetime
    entries: tuple[Entry, ...]
    order_id: UUID | None = None


class Unbalanced(ValueError):
    """A defect: a posting that does not sum to zero is never written."""


def post(session: Session, posting: Posting) -> bool:
    """Writes the posting, once, and adds it to the day's totals. False when it was there before. Raises Unbalanced."""
    entries = [entry for entry in posting.entries if entry.amount]
    if sum(entry.amount for entry in entries):
        raise Unbalanced(f"{posting.key} sums to {sum(entry.amount for entry in entries)}")
    rows = [
        {
            "posting": posting.key,
            "account": entry.account,
            "line": entry.line,
            "amount": entry.amount,
            "currency": posting.currency,
            "order_id": posting.order_id,
            "course_id": entry.course_id,
            "instructor_id": entry.instructor_id,
            "occurred_at": posting.at,
        }
        for entry in entries
    ]
    if not rows:
        return False
    written = session.scalars(insert(LedgerEntry).values(rows).on_conflict_do_nothing().returning(LedgerEntry)).all()
    add_to_totals(session, written)
    return bool(written)


def reverse(session: Session, key: str, at: datetime) -> None:
    """Writes the opposite of a posting, once; nothing when there is none."""
    rows = session.scalars(select(LedgerEntry).where(LedgerEntry.posting == key).order_by(LedgerEntry.id)).all()
    if rows:
        entries = tuple(Entry(row.account, -row.amount, row.line, row.course_id, row.instructor_id) for row in rows)
        post(session, Posting(f"reversed:{key}", rows[0].currency, at, entries, rows[0].order_id))


def post_fees(session: Session, order: Order, fees: Mapping[str, Fee], at: datetime) -> None:
    """What Stripe keeps, in the currency of our balance there; known at the payment or later."""
    for transaction, fee in fees.items():
        entries = (Entry(STRIPE_FEES, fee.amount), Entry(STRIPE_BALANCE, -fee.amount))
        post(session, Posting(f"fee:{transaction}", fee.currency, at, entries, order.id))
