"""The double-entry ledger: every movement of money is a posting, and every posting sums to zero.

Amounts are minor units; a debit is positive, a credit negative. A posting is named after its cause (`payment:pi_...`,
`refund:re_...`), so that writing it again changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from services.billing.models import LedgerEntry, Order
from services.billing.models.orders import NOBODY
from services.billing.revenue import add_to_totals
from services.billing.sightings import Fee
from shared.prepared import hot

STRIPE_BALANCE = "stripe_balance"
STRIPE_FEES = "stripe_fees"
TAX_PAYABLE = "tax_payable"
INSTRUCTOR_PAYABLE = "instructor_payable"
COURSE_REVENUE = "course_revenue"
UNALLOCATED = "unallocated_payments"
DISPUTED = "disputed_funds"
BANK = "bank"
# Between these an order's money is divided.
SHARED_ACCOUNTS = (TAX_PAYABLE, INSTRUCTOR_PAYABLE, COURSE_REVENUE)
_e = LedgerEntry
# Any number of entries in one statement that stays the same.
WRITE = hot(
    text("""
    INSERT INTO ledger_entries
        (posting, account, line, amount, currency, order_id, course_id, instructor_id, occurred_at)
    SELECT posting, account, line, amount, currency, order_id, course_id, instructor_id, occurred_at
    FROM jsonb_populate_recordset(CAST(NULL AS ledger_entries), CAST(:entries AS jsonb))
    ON CONFLICT DO NOTHING
    RETURNING account, amount, currency, course_id, instructor_id, occurred_at
""").columns(_e.account, _e.amount, _e.currency, _e.course_id, _e.instructor_id, _e.occurred_at)
)


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


def post(session: Session, *postings: Posting) -> bool:
    """Writes the postings, each once, and adds them to their day's totals. False when all were there before. Raises
    Unbalanced."""
    entries = [row for posting in postings for row in _rows(posting)]
    if not entries:
        return False
    written = session.execute(WRITE, {"entries": orjson.dumps(entries).decode()}).all()
    add_to_totals(session, written)
    return bool(written)


def _rows(posting: Posting) -> list[dict[str, Any]]:
    entries = [entry for entry in posting.entries if entry.amount]
    if sum(entry.amount for entry in entries):
        raise Unbalanced(f"{posting.key} sums to {sum(entry.amount for entry in entries)}")
    common = {"posting": posting.key, "currency": posting.currency, "order_id": posting.order_id}
    return [{**common, "occurred_at": posting.at, **vars(entry)} for entry in entries]


def shared_balances(session: Session, order_id: UUID, but: str) -> dict[tuple[str, int], int]:
    """What the books hold of an order's money, by shared account and line, without the posting `but`."""
    mine = (_e.order_id == order_id, _e.account.in_(SHARED_ACCOUNTS), _e.posting != but)
    totals = select(_e.account, _e.line, func.sum(_e.amount)).where(*mine).group_by(_e.account, _e.line)
    return {(account, line): int(total) for account, line, total in session.execute(totals)}


def reverse(session: Session, key: str, at: datetime) -> None:
    """Writes the opposite of a posting, once; nothing when there is none."""
    rows = session.scalars(select(LedgerEntry).where(LedgerEntry.posting == key).order_by(LedgerEntry.id)).all()
    if rows:
        entries = tuple(Entry(row.account, -row.amount, row.line, row.course_id, row.instructor_id) for row in rows)
        post(session, Posting(f"reversed:{key}", rows[0].currency, at, entries, rows[0].order_id))


def fee_postings(order: Order, fees: Mapping[str, Fee], at: datetime) -> list[Posting]:
    """What Stripe keeps, in the currency of our balance there; known at the payment or later."""
    return [
        Posting(
            f"fee:{transaction}",
            fee.currency,
            at,
            (Entry(STRIPE_FEES, fee.amount), Entry(STRIPE_BALANCE, -fee.amount)),
            order.id,
        )
        for transaction, fee in fees.items()
    ]
