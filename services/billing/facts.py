"""What is known of an order's money and what follows from it: pure functions, one row of the truth table a line.

Facts only ever grow, so the order in which they arrive cannot matter: a late "paid" never undoes a refund.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from services.billing.sightings import Dispute, Refund, Sighting
from shared.events import DisputeClosed, PaymentDisputed, PaymentFailed, PaymentRefunded, PaymentSucceeded
from shared.events.billing import PaymentEvent

Status = Literal[
    "pending",
    "paid",
    "refund_pending",
    "partly_refunded",
    "refunded",
    "failed",
    "cancelled",
    "disputed",
    "lost",
    "review",
]
Announcement = tuple[type[PaymentEvent], dict[str, Any]]

# The failure of an order that its learner gave up.
CANCELLED = "cancelled"

# Why an order comes to nothing; a later word replaces an earlier one, as a bounced payment that is then canceled.
FAILURE_STAGES = {"not_opened": 1, "payment_failed": 2, "payment_canceled": 3, "session_expired": 4, CANCELLED: 5}

# How far a refund or a dispute has come; a later stage replaces an earlier one, never the reverse. A refund that
# succeeded may still fail, a lost dispute may still be won (https://docs.stripe.com/refunds#failed-refunds).
REFUND_STAGES = {"pending": 0, "succeeded": 1, "failed": 2}
DISPUTE_STAGES = {"open": 0, "lost": 1, "won": 2}


@dataclass(frozen=True)
class Facts:
    """All that is known of one order's money. `amount` and `currency` are what is owed; `given_up`: its learner asked
    to end it; `processing_at`: since when a payment that takes days is or was under way; `stray_session` is a paid
    session that names this order but is not its own, `stray_returned` once all of its money went back;
    `refund_requested` is what we want to give back and the provider has not taken up yet."""

    amount: int
    currency: str
    paid_amount: int = 0
    paid_currency: str = ""
    paid_at: datetime | None = None
    failure: str = ""
    given_up: bool = False
    processing_at: datetime | None = None
    stray_session: str = ""
    stray_returned: bool = False
    refund_requested: int = 0
    refunds: Mapping[str, Refund] = field(default_factory=dict)
    disputes: Mapping[str, Dispute] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Paid, in the amount and currency that were owed."""
        fits = (self.paid_amount, self.paid_currency) == (self.amount, self.currency)
        return self.paid_at is not None and fits

    @property
    def refunded_amount(self) -> int:
        """The sum of the refunds that succeeded, minor units."""
        return sum(refund.amount for refund in self.refunds.values() if refund.status == "succeeded")

    @property
    def refund_pending_amount(self) -> int:
        """What is on its way back but has not arrived, minor units."""
        pending = sum(refund.amount for refund in self.refunds.values() if refund.status == "pending")
        return self.refund_requested + pending

    @property
    def fully_refunded(self) -> bool:
        """All that was paid (or, while that is not known, owed) went back."""
        return 0 < (self.paid_amount or self.amount) <= self.refunded_amount

    @property
    def dispute(self) -> str:
        """none, open, lost or won: the worst of all disputes."""
        statuses = {dispute.status for dispute in self.disputes.values()}
        return next((status for status in ("lost", "open", "won") if status in statuses), "none")


def order_status(facts: Facts) -> Status:
    """The order's state: the truth table of the reliability page, from the strongest fact to the weakest."""
    if facts.fully_refunded:
        return "refunded"
    if facts.dispute in ("lost", "open"):
        return "lost" if facts.dispute == "lost" else "disputed"
    if facts.settled:
        if facts.refund_pending_amount:
            return "refund_pending"
        return "partly_refunded" if facts.refunded_amount else "paid"
    if facts.paid_at or (facts.stray_session and not facts.stray_returned):
        return "review"
    if facts.failure == CANCELLED:
        return "cancelled"
    return "failed" if facts.failure else "pending"


def merge_sighting(facts: Facts, sighting: Sighting, own: bool) -> Facts:
    """The facts with what was seen. Of a session that is not the order's own only a payment is noted, and that it went
    back."""
    if not own:
        return _merge_stray(facts, sighting)
    if sighting.paid_at and facts.paid_at is None:
        facts = replace(facts, paid_amount=sighting.amount, paid_currency=sighting.currency, paid_at=sighting.paid_at)
    refunds = _furthest(facts.refunds, sighting.refunds, REFUND_STAGES)
    taken_up = sum(refunds[name].amount for name in refunds.keys() - facts.refunds.keys() if refunds[name].request_id)
    return replace(
        facts,
        failure=_failure(facts, sighting.failure),
        processing_at=facts.processing_at or sighting.processing_at,
        refund_requested=max(0, facts.refund_requested - taken_up),
        refunds=refunds,
        disputes=_furthest(facts.disputes, sighting.disputes, DISPUTE_STAGES),
    )


def _merge_stray(facts: Facts, sighting: Sighting) -> Facts:
    if sighting.paid_at is None or facts.stray_session not in ("", sighting.session_id):
        return facts
    back = sum(refund.amount for refund in sighting.refunds.values() if refund.status == "succeeded")
    return replace(
        facts, stray_session=sighting.session_id, stray_returned=facts.stray_returned or back >= sighting.amount
    )


def _failure(facts: Facts, seen: str) -> str:
    """The reason that counts. A page that expired after its learner gave the order up was cancelled; a payment that was
    made and bounced has failed all the same."""
    failure = CANCELLED if seen == "session_expired" and facts.given_up else seen
    return max(facts.failure, failure, key=lambda name: FAILURE_STAGES.get(name, 0))


def _furthest(known: Mapping[str, Any], seen: Mapping[str, Any], stages: Mapping[str, int]) -> dict[str, Any]:
    merged = dict(known)
    for identifier, new in seen.items():
        old = merged.get(identifier)
        if old is None or stages[new.status] > stages[old.status]:
            merged[identifier] = new
    return merged


def announcements(before: Facts, after: Facts) -> list[Announcement]:
    """The events that the step from one to the other is worth, each once per transition, in the order they happened."""
    news: list[Announcement] = []
    if after.settled and not before.settled:
        news.append((PaymentSucceeded, {"paid_at": after.paid_at}))
    if order_status(after) == "failed" != order_status(before):
        news.append((PaymentFailed, {"reason": after.failure}))
    if after.refunded_amount != before.refunded_amount:
        news.append((PaymentRefunded, {"refunded_amount": after.refunded_amount, "full": after.fully_refunded}))
    for identifier, dispute in after.disputes.items():
        old = before.disputes.get(identifier)
        if old is None:
            news.append((PaymentDisputed, {"dispute_id": identifier, "reason": dispute.reason}))
        if dispute.status != "open" and (old is None or old.status != dispute.status):
            news.append((DisputeClosed, {"dispute_id": identifier, "won": dispute.status == "won"}))
    return news
