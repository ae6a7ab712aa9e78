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
    matters = event.type in SESSION_TYPES or event.type in PAYMENT_TYPES
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
        reference = {"session_id": event.object_id} if event.type in SESSION_TYPES else {"intent_id": event.intent_id}
        inbox.store(session, SOURCE, event.id, event.type, {"type": event.type, **reference})
