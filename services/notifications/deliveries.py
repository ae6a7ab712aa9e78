"""The mails we owe people: queued with the fact they tell of, listed and retried by administrators."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.notifications.models import FORGOTTEN, Delivery
from shared.errors import Conflict, NotFound
from shared.hints import wake_worker


class DeliveryNotFound(NotFound):
    slug, title = "delivery-not-found", "There is no such delivery"
    detail = "Check the id; GET /api/v1/admin/notifications/deliveries lists them."


class DeliveryAlreadySent(Conflict):
    slug, title = "delivery-already-sent", "The mail server has accepted this mail"
    detail = "There is nothing to retry; ask the receiver to look into the spam folder."


class DeliveryOnItsWay(Conflict):
    slug, title = "delivery-on-its-way", "This mail is being sent at this moment"
    detail = "Read it again in a minute and retry if it was not sent."


class DeliveryForgotten(Conflict):
    slug, title = "delivery-forgotten", "The address of this mail is forgotten"
    detail = "It failed so long ago that nobody is known any more to send it to."


def queue_mails(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Queues them and wakes the worker; one whose dedupe_key is there already is left alone."""
    if rows:
        statement = insert(Delivery).values([{"id": uuid7(), **row} for row in rows])
        session.execute(statement.on_conflict_do_nothing(index_elements=["dedupe_key"]))
        wake_worker(session, "mail")


def list_deliveries(
    session: Session, state: str | None, recipient: str | None, after: UUID | None, limit: int
) -> Sequence[Any]:
    """Deliveries, newest first, one row more than `limit`; `recipient` is compared without regard to case."""
    d = Delivery
    columns = (d.id, d.user_id, d.kind, d.recipient, d.subject, d.state, d.attempts, d.next_attempt_at)
    statement = select(*columns, d.message_id, d.last_error, d.created_at, d.sent_at)
    if state:
        statement = statement.where(d.state == state)
    if recipient:
        statement = statement.where(func.lower(d.recipient) == recipient.lower())
    if after:
        statement = statement.where(d.id < after)
    return session.execute(statement.order_by(d.id.desc()).limit(limit + 1)).all()


def retry_delivery(session: Session, delivery_id: UUID) -> Delivery:
    """Queues a failed (or waiting) mail anew, due now, with all its attempts. Raises DeliveryNotFound,
    DeliveryAlreadySent, DeliveryOnItsWay, DeliveryForgotten."""
    delivery = session.get(Delivery, delivery_id, with_for_update=True)
    if delivery is None:
        raise DeliveryNotFound
    if delivery.state == "sent":
        raise DeliveryAlreadySent
    if delivery.state == "sending":
        raise DeliveryOnItsWay
    if delivery.recipient == FORGOTTEN:
        raise DeliveryForgotten
    delivery.state, delivery.attempts = "queued", 0
    delivery.next_attempt_at = session.scalars(select(func.now())).one()
    session.flush()
    wake_worker(session, "mail")
    return delivery
