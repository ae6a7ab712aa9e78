"""Webhooks, verified, on their way into the inbox: stored once, before anybody hears 200."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.models import StripeEvent
from shared import inbox

SOURCE = "stripe"
SESSION_TYPES = frozenset(
    f"checkout.session.{what}" for what in ("completed", "async_payment_succeeded", "async_payment_failed", "expired")
)
PAYMENT_TYPES = frozenset(
    {"charge.refunded", "refund.updated", "refund.failed", "charge.dispute.created", "charge.dispute.closed"}
)
INTENT_TYPES = frozenset({"payment_intent.succeeded", "payment_intent.payment_failed"})
HANDLED_TYPES = SESSION_TYPES | PAYMENT_TYPES | INTENT_TYPES


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
    row = insert(StripeEvent).values(**values).on_conflict_do_nothing().returning(StripeEvent.event_id)
    if session.execute(row).first() is not None and matters:
        inbox.store(session, SOURCE, event.id, event.type, {"type": event.type, **_reference(event)})


def _reference(event: VerifiedEvent) -> dict[str, str | None]:
    """What to look up: the session or payment that the event is, or the payment that it is about."""
    if event.type in SESSION_TYPES:
        return {"session_id": event.object_id}
    return {"intent_id": event.object_id if event.type in INTENT_TYPES else event.intent_id}
