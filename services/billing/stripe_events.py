"""Webhooks, verified, on their way into the inbox: stored once, before anybody hears 200."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.ledger import STRIPE_FEES
from services.billing.models import LedgerEntry, Order, Payment, StripeEvent
from shared import inbox
from shared.database import Database
from shared.prepared import hot

SOURCE = "stripe"
SESSION_TYPES = frozenset(
    f"checkout.session.{what}" for what in ("completed", "async_payment_succeeded", "async_payment_failed", "expired")
)
PAYMENT_TYPES = frozenset(
    {"charge.refunded", "refund.updated", "refund.failed", "charge.dispute.created", "charge.dispute.closed"}
)
# Not the rest of payment_intent.*: what is created or waits for the customer changes no order.
INTENT_TYPES = frozenset(f"payment_intent.{what}" for what in ("succeeded", "payment_failed", "processing", "canceled"))
PAID_TYPES = frozenset(
    {"checkout.session.completed", "checkout.session.async_payment_succeeded", "payment_intent.succeeded"}
)
# Of money that has arrived these are no news: it is not under way any more, and nobody can cancel it.
OVERTAKEN_TYPES = PAID_TYPES | {"payment_intent.processing", "payment_intent.canceled"}
# Comes in the same moment as the session's own event and says the same: looked at when that one should be booked.
SECOND_WORD, SECOND_WORD_WAIT = "payment_intent.succeeded", timedelta(seconds=2)
HANDLED_TYPES = SESSION_TYPES | PAYMENT_TYPES | INTENT_TYPES
_EVENTS: Any = StripeEvent.__table__
_STORE = hot(insert(_EVENTS).on_conflict_do_nothing().returning(_EVENTS.c.event_id))


@dataclass(frozen=True)
class VerifiedEvent:
    """What of a Stripe event decides where to look. The objects inside are not believed: a hint, fetched anew."""

    id: str
    type: str
    api_version: str | None
    livemode: bool
    created: datetime
    object_id: str | None
    intent_id: str | None
    body: bytes


def store_event(session: Session, event: VerifiedEvent) -> None:
    """Stores the event and, when its type matters here, hands it to the worker. A second delivery changes nothing."""
    matters = event.type in HANDLED_TYPES
    values = {
        "event_id": event.id,
        "type": event.type,
        "api_version": event.api_version,
        "livemode": event.livemode,
        "created": event.created,
        "ignored": not matters,
        "body": event.body,
    }
    if session.execute(_STORE, values).first() is not None and matters:
        payload = {"type": event.type, **_reference(event)}
        wait = SECOND_WORD_WAIT if event.type == SECOND_WORD else inbox.NO_WAIT
        inbox.store(session, SOURCE, event.id, event.type, payload, wait)


def is_booked(database: Database, payload: inbox.Payload) -> bool:
    """True for word of a payment that is in the books, fee and all. Stripe tells of most payments twice; looking twice
    would be half of all our calls there."""
    if payload.get("type") not in OVERTAKEN_TYPES:
        return False
    if session_id := payload.get("session_id"):
        return bool(database.ask(_BOOKED_BY_SESSION, session=session_id))
    return bool(database.ask(_BOOKED_BY_INTENT, intent=payload.get("intent_id")))


def _fee_of(order: Select[Any]) -> Select[Any]:
    return hot(
        select(exists().where(LedgerEntry.order_id == order.scalar_subquery(), LedgerEntry.account == STRIPE_FEES))
    )


_BOOKED_BY_SESSION = _fee_of(
    select(Order.id).where(Order.session_id == bindparam("session"), Order.paid_at.is_not(None))
)
_BOOKED_BY_INTENT = _fee_of(select(Payment.order_id).where(Payment.id == bindparam("intent")))


def _reference(event: VerifiedEvent) -> dict[str, str | None]:
    """What to look up: the session or payment that the event is, or the payment that it is about."""
    if event.type in SESSION_TYPES:
        return {"session_id": event.object_id}
    return {"intent_id": event.object_id if event.type in INTENT_TYPES else event.intent_id}
