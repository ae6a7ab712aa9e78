"""What an order's new facts mean for the books: postings, documents, the buyer's data. Under the order's lock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing import documents, ledger
from services.billing.documents import CREDIT_NOTE, INVOICE, RECEIPT, Sum
from services.billing.facts import Facts
from services.billing.ledger import DISPUTED, STRIPE_BALANCE, TAX_PAYABLE, UNALLOCATED, Entry, Posting
from services.billing.models import Buyer, Order
from services.billing.orders import list_lines
from services.billing.shares import Shares
from services.billing.sightings import Dispute, Refund, Sighting
from shared.prepared import hot
from shared.transactions import later

_BUYERS: Any = Buyer.__table__
STORE_BUYER = later(hot(insert(_BUYERS).on_conflict_do_nothing().inline()))


def book(session: Session, order: Order, before: Facts, after: Facts, sighting: Sighting) -> None:
    """Books what is new. Every posting is named after its cause, so what was booked before is not booked again."""
    now = datetime.now(UTC)
    fees = ledger.fee_postings(order, sighting.fees, now)
    if after.paid_at and before.paid_at is None:
        _book_payment(session, order, after, sighting, fees)
    else:
        ledger.post(session, *fees)
    books = _Books(session, order, after, now)
    for name, refund in after.refunds.items():
        if name not in before.refunds or before.refunds[name].status != refund.status:
            books.book_refund(name, refund)
    for name, dispute in after.disputes.items():
        if name not in before.disputes or before.disputes[name].status != dispute.status:
            books.book_dispute(name, dispute)


def book_stray_payment(session: Session, order: Order, sighting: Sighting) -> None:
    """Money that names an order but does not pay it: ours to give back, nobody's to keep."""
    if sighting.paid_at is None or not sighting.intent_id:
        return

    def move(key: str, amount: int, at: datetime) -> None:
        entries = (Entry(STRIPE_BALANCE, amount), Entry(UNALLOCATED, -amount))
        ledger.post(session, Posting(key, sighting.currency, at, entries, order.id))

    now = datetime.now(UTC)
    move(f"payment:{sighting.intent_id}", sighting.amount, sighting.paid_at)
    for name, refund in sighting.refunds.items():
        if refund.status != "pending":
            move(f"refund:{name}", -refund.amount, now)
        if refund.status == "failed":
            ledger.reverse(session, f"refund:{name}", now)


def _book_payment(session: Session, order: Order, facts: Facts, sighting: Sighting, fees: list[Posting]) -> None:
    assert facts.paid_at is not None
    if facts.settled:
        order.tax_amount, order.tax_lines = sighting.tax_amount, [dict(line) for line in sighting.tax_lines]
    entries = (Entry(STRIPE_BALANCE, facts.paid_amount), *_divided(session, order, facts, facts.paid_amount, {}))
    key = f"payment:{sighting.intent_id or order.id}"
    ledger.post(session, *fees, Posting(key, facts.paid_currency, facts.paid_at, entries, order.id))
    if sighting.buyer:
        session.execute(STORE_BUYER, {"order_id": order.id, **sighting.buyer.fields})
    if facts.settled and facts.paid_amount:
        documents.issue(session, order, (INVOICE, RECEIPT), Sum(order.amount, order.tax_amount))


@dataclass
class _Books:
    """What goes back of one order, piece by piece."""

    session: Session
    order: Order
    facts: Facts
    now: datetime

    def book_refund(self, name: str, refund: Refund) -> None:
        if refund.status == "succeeded":
            key = f"refund:{name}"
            entries = self._go(key, refund.amount)
            self._post(key, (Entry(STRIPE_BALANCE, -refund.amount), *entries))
            if self.facts.settled:
                tax = sum(entry.amount for entry in entries if entry.account == TAX_PAYABLE)
                documents.issue(self.session, self.order, (CREDIT_NOTE,), Sum(refund.amount, tax), name)
        elif refund.status == "failed":
            ledger.reverse(self.session, f"refund:{name}", self.now)
            documents.void(self.session, self.order, name)

    def book_dispute(self, name: str, dispute: Dispute) -> None:
        opened, lost = f"dispute:{name}", f"dispute-lost:{name}"
        self._post(opened, (Entry(DISPUTED, dispute.amount), Entry(STRIPE_BALANCE, -dispute.amount)))
        if dispute.status == "lost":
            self._post(lost, (Entry(DISPUTED, -dispute.amount), *self._go(lost, dispute.amount)))
        elif dispute.status == "won":
            ledger.reverse(self.session, lost, self.now)
            ledger.reverse(self.session, opened, self.now)

    def _go(self, key: str, amount: int) -> tuple[Entry, ...]:
        """Whose money goes back by this posting: what the books hold of the order beyond the shares of what is left."""
        booked = ledger.shared_balances(self.session, self.order.id, but=key)
        return _divided(self.session, self.order, self.facts, -amount, booked)

    def _post(self, key: str, entries: tuple[Entry, ...]) -> None:
        currency = self.facts.paid_currency or self.order.currency
        ledger.post(self.session, Posting(key, currency, self.now, entries, self.order.id))


def _divided(
    session: Session, order: Order, facts: Facts, change: int, booked: Mapping[tuple[str, int], int]
) -> tuple[Entry, ...]:
    """Who the money that comes or goes belongs to; of a payment that does not fit, nobody knows."""
    if not facts.settled or order.amount == 0:
        return (Entry(UNALLOCATED, -change),)
    shares = Shares(tuple(list_lines(session, order)), order.amount, order.tax_amount)
    return tuple(shares.entries_to(change - sum(booked.values()), booked))
