"""One function for every trigger (webhook, landing page, reconciliation): what was seen becomes the order's state."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from services.billing.bookkeeping import book, book_stray_payment
from services.billing.coupons import hold_again, release_coupon
from services.billing.facts import Facts, announcements, merge_sighting, order_status
from services.billing.models import CURRENT_STATUSES, Order
from services.billing.movements import load_facts, store_movements
from services.billing.orders import find_order_for_update, list_grants, terms_of
from services.billing.sightings import Sighting
from services.billing.stripe_events import SECOND_WORD, SOURCE
from services.billing.timeline import MONEY_RECEIVED, PAYMENT_PROCESSING, note_access, note_step
from shared import inbox, outbox
from shared.events.billing import AccessEvent
from shared.inbox import Unprocessable
from shared.telemetry import get_logger

log = get_logger(__name__)

OVER = ("failed", "cancelled")


def record_sighting(session: Session, sighting: Sighting) -> Order | None:
    """The order after what was seen; None when the session has nothing to do with us. Safe to repeat, and in any
    order. Raises Unprocessable for a session marked as ours whose order does not exist."""
    order = find_order_for_update(session, sighting.order_id) if sighting.order_id else None
    if order is None:
        _check_foreign(sighting)
        return None
    # The order's row is written once, with the commit, and not again and again between the statements of its books.
    with session.no_autoflush:
        _settle(session, order, sighting)
    return order


def _settle(session: Session, order: Order, sighting: Sighting) -> None:
    own = _is_own(order, sighting)
    before = load_facts(session, order)
    after = merge_sighting(before, sighting, own)
    if own and order.session_id is None:
        order.session_id = sighting.session_id
    if after != before:
        store_movements(session, order, sighting, after)
        _apply(session, order, before, after)
    if own:
        book(session, order, before, after, sighting)
        if sighting.fees:
            # Booked, fee and all: Stripe's second word of it tells nothing.
            inbox.finish_waiting(session, SOURCE, SECOND_WORD, {"intent_id": sighting.intent_id})
    else:
        book_stray_payment(session, order, sighting)


def abandon_order(session: Session, order: Order, failure: str) -> None:
    """Ends a locked order that nobody can pay any more."""
    before = load_facts(session, order)
    _apply(session, order, before, replace(before, failure=failure))


def settle_free_order(session: Session, order: Order) -> None:
    """A coupon covers all of a locked order: it is paid with nothing, and Stripe need not know."""
    before = load_facts(session, order)
    _apply(session, order, before, replace(before, paid_at=datetime.now(UTC), paid_currency=order.currency))


def refund_wish_changed(session: Session, order: Order, before: Facts) -> None:
    """After a wish to refund was added to or taken from a locked order: the order's state follows."""
    _apply(session, order, before, load_facts(session, order))


def _check_foreign(sighting: Sighting) -> None:
    # All of our marks: other systems on the same Stripe account may well use a key named order_id.
    if sighting.order_id and sighting.marks.keys() >= {"order_id", "user_id", "course_id", "attempt"}:
        raise Unprocessable(f"session {sighting.session_id} is marked as ours, but its order does not exist")
    log.info("session of somebody else ignored", session_id=sighting.session_id)


def _is_own(order: Order, sighting: Sighting) -> bool:
    """The session we opened; or, when a crash kept its id from us, the one that carries our marks."""
    known = order.session_id in (None, sighting.session_id)
    return known and terms_of(order).marks.items() <= sighting.marks.items()


def _apply(session: Session, order: Order, before: Facts, facts: Facts) -> None:
    order.paid_amount = facts.paid_amount
    order.paid_currency = facts.paid_currency
    order.paid_at = facts.paid_at
    order.failure = facts.failure
    order.processing_at = facts.processing_at
    order.stray_session = facts.stray_session
    order.stray_returned = facts.stray_returned
    order.refunded_amount = facts.refunded_amount
    order.dispute = facts.dispute
    _change_status(session, order, before, facts)
    if facts.settled and not before.settled:
        note_access(session, order.id)
    for event_class, details in announcements(before, facts):
        _announce(session, order, event_class, details)


def _change_status(session: Session, order: Order, before: Facts, facts: Facts) -> None:
    status = order_status(facts)
    _note_money(session, order, before, facts)
    if status in CURRENT_STATUSES and order.status not in CURRENT_STATUSES:
        # A late payment of an order that was over: the newer order keeps its place.
        order.surplus = _has_other_current(session, order)
    if status in OVER and order.status not in OVER:
        order.failed_at = datetime.now(UTC)
        release_coupon(session, order)
    if order.status in OVER and status not in OVER:
        hold_again(session, order)
    _alert(order, before, facts)
    if status != order.status:
        note_step(session, order.id, status)
    order.status = status


def _note_money(session: Session, order: Order, before: Facts, facts: Facts) -> None:
    if facts.paid_at and before.paid_at is None:
        note_step(session, order.id, MONEY_RECEIVED, facts.paid_at)
    elif facts.processing_at != before.processing_at and order_status(facts) == "pending":
        note_step(session, order.id, PAYMENT_PROCESSING, facts.processing_at)


def _alert(order: Order, before: Facts, facts: Facts) -> None:
    """Calls a person; `order` still has its status of before."""
    if order_status(facts) == "review" != order.status or facts.stray_session != before.stray_session:
        log.error("ALERT a payment does not fit its order", order_id=str(order.id), **_misfit(facts))
    for name, refund in facts.refunds.items():
        if refund.status == "failed" and (name not in before.refunds or before.refunds[name].status != "failed"):
            log.error("ALERT a refund failed, the access is back", order_id=str(order.id), refund_id=name)
    for name, dispute in facts.disputes.items():
        if name not in before.disputes or before.disputes[name].status != dispute.status:
            log.error(f"ALERT a dispute is {dispute.status}", order_id=str(order.id), dispute_id=name)


def _misfit(facts: Facts) -> dict[str, Any]:
    return {
        "owed": f"{facts.amount} {facts.currency}",
        "paid": f"{facts.paid_amount} {facts.paid_currency}",
        "stray_session": facts.stray_session,
    }


def _has_other_current(session: Session, order: Order) -> bool:
    others = exists().where(
        Order.user_id == order.user_id,
        Order.course_id == order.course_id,
        Order.id != order.id,
        Order.status.in_(CURRENT_STATUSES),
        ~Order.surplus,
    )
    return bool(session.scalar(select(others)))


def _announce(session: Session, order: Order, event_class: Any, details: dict[str, Any]) -> None:
    # One version per event: consumers drop what is not newer than what they know.
    order.version += 1
    if issubclass(event_class, AccessEvent):
        details = {**details, "grants": list_grants(session, order)}
    event = event_class(
        order_id=order.id,
        version=order.version,
        user_id=order.user_id,
        course_id=order.course_id,
        course_title=order.course_title,
        amount=order.amount,
        currency=order.currency,
        **details,
    )
    outbox.add(session, event)
