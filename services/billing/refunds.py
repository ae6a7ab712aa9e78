"""Giving money back. A wish is stored first; the worker takes it to the provider, and only its word is a refund."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.billing.facts import Facts
from services.billing.models import Order, Payment, Refund, RefundRequest
from services.billing.movements import load_facts
from services.billing.orders import OrderNotFound, find_order_for_update, get_order
from services.billing.provider import Provider, RefundRefused, RefundTerms
from services.billing.settlement import record_sighting, refund_wish_changed
from services.billing.sightings import Sighting
from shared import audit, failpoints, inbox
from shared.audit import Origin
from shared.currencies import multiple_fault
from shared.database import Database
from shared.errors import Conflict, Invalid
from shared.inbox import Payload
from shared.telemetry import get_logger

log = get_logger(__name__)

# The inbox carries wishes to the worker, as it does webhooks: retried with back-off, parked when hopeless.
SOURCE = "refund_requests"


class NothingToRefund(Conflict):
    slug, title = "nothing-to-refund", "There is no money to give back"
    detail = "The order is not paid, or all of it went back or is on its way. GET the order to see its refunds."


class RefundWhileDisputed(Conflict):
    slug, title = "payment-disputed", "The payment is disputed"
    detail = "The bank holds the money until it decides. Answer the dispute at Stripe; do not refund beside it."


@dataclass(frozen=True)
class RefundWish:
    """How much (minor units; None: all that is left), why, and who wants it."""

    amount: int | None
    reason: str
    origin: Origin


def request_refund(session: Session, order_id: UUID, wish: RefundWish) -> dict[str, Any]:
    """The stored wish; the order waits as `refund_pending`. Raises OrderNotFound, NothingToRefund,
    RefundWhileDisputed, Invalid for more than is left and for an amount that the provider does not move."""
    order = find_order_for_update(session, order_id)
    if order is None:
        raise OrderNotFound
    before = load_facts(session, order)
    amount = _refundable(before, wish.amount)
    payment = session.scalar(
        select(Payment).where(Payment.order_id == order.id, Payment.session_id == order.session_id)
    )
    if payment is None:
        raise NothingToRefund
    wanted = {"id": uuid7(), "order_id": order.id, "amount": amount, "reason": wish.reason}
    statement = insert(RefundRequest).values(**wanted, requested_by=wish.origin.user_id).returning(RefundRequest)
    row = session.execute(statement).scalar_one()
    refund_wish_changed(session, order, before)
    audit.record(session, wish.origin, "refund.requested", order.id, refund_request=str(row.id), amount=amount)
    payload = {"request_id": str(row.id), "order_id": str(order.id), "intent_id": payment.id, "amount": amount}
    inbox.store(session, SOURCE, str(row.id), "RefundRequested", payload)
    return describe_wish(row, order.currency)


def _refundable(facts: Facts, wanted: int | None) -> int:
    if facts.dispute == "open":
        raise RefundWhileDisputed
    left = facts.paid_amount - facts.refunded_amount - facts.refund_pending_amount
    if left <= 0 or facts.dispute == "lost":
        raise NothingToRefund
    if wanted is not None and wanted > left:
        raise Invalid("amount", f"is more than the {left} (minor units) that are left of the payment", "too_much")
    if wanted is not None and (fault := multiple_fault(wanted, facts.currency)):
        raise Invalid("amount", fault)
    return wanted or left


@dataclass(frozen=True)
class Outcome:
    """What became of a wish at the provider: its refusal, or the payment as it looks now."""

    request_id: UUID
    refusal: str
    sighting: Sighting | None


def send_refund(provider: Provider, _database: Database, payload: Payload) -> Outcome:
    """Takes a wish to the provider; repeating it cannot pay back twice. Raises ProviderUnavailable."""
    terms = RefundTerms(
        request_id=UUID(payload["request_id"]),
        order_id=UUID(payload["order_id"]),
        intent_id=payload["intent_id"],
        amount=payload["amount"],
    )
    failpoints.reach("refund-before-call")
    refusal = ""
    try:
        provider.refund_payment(terms)
    except RefundRefused as error:
        refusal = str(error)
    return Outcome(terms.request_id, refusal, provider.fetch_payment(terms.intent_id))


def settle_refund(session: Session, outcome: Outcome) -> None:
    """The refund becomes a fact of its order; a refused wish ends and leaves the order as it was."""
    if outcome.sighting is not None:
        record_sighting(session, outcome.sighting)
    if outcome.refusal:
        _refuse(session, outcome)


def _refuse(session: Session, outcome: Outcome) -> None:
    row = session.get_one(RefundRequest, outcome.request_id)
    order = find_order_for_update(session, row.order_id)
    if order is None or row.status != "requested":
        return
    before = load_facts(session, order)
    row.status, row.refusal = "refused", outcome.refusal[:500]
    session.flush()
    log.error("ALERT Stripe refuses a refund", order_id=str(order.id), request_id=str(row.id), reason=row.refusal)
    refund_wish_changed(session, order, before)


def list_own_refunds(session: Session, order_id: UUID, user_id: UUID) -> list[dict[str, Any]]:
    """As list_refunds, for the order's own learner. Raises OrderNotFound."""
    return list_refunds(session, get_order(session, order_id, user_id))


def list_refunds(session: Session, order: Order) -> list[dict[str, Any]]:
    """The order's refunds, wished for here or made at Stripe, oldest first."""
    known = select(Refund).where(Refund.order_id == order.id).order_by(Refund.updated_at)
    refunds = {row.request_id or row.id: row for row in session.scalars(known)}
    wishes = session.scalars(select(RefundRequest).where(RefundRequest.order_id == order.id).order_by(RefundRequest.id))
    listed = [describe_wish(wish, order.currency, refunds.pop(wish.id, None)) for wish in wishes]
    return listed + [_describe_foreign(refund, order.currency) for refund in refunds.values()]


def describe_wish(wish: RefundRequest, currency: str, refund: Refund | None = None) -> dict[str, Any]:
    """The wish, and how far the refund that fulfils it has come."""
    return {
        "id": wish.id,
        "status": refund.status if refund else wish.status,
        "amount": {"amount": wish.amount, "currency": currency},
        "reason": wish.reason,
        "refusal": wish.refusal,
        "created_at": wish.created_at,
    }


def _describe_foreign(refund: Refund, currency: str) -> dict[str, Any]:
    return {
        "id": None,
        "status": refund.status,
        "amount": {"amount": refund.amount, "currency": currency},
        "reason": "",
        "refusal": "",
        "created_at": refund.updated_at,
    }
