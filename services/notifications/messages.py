"""The in-app inbox of each person."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.notifications.models import Message
from shared.errors import NotFound


class NotificationNotFound(NotFound):
    slug, title = "notification-not-found", "There is no such notification"
    detail = "Check the id; GET /api/v1/notifications lists yours."


def add_messages(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Stores them; one whose dedupe_key is there already is left alone."""
    if rows:
        statement = insert(Message).values([{"id": uuid7(), **row} for row in rows])
        session.execute(statement.on_conflict_do_nothing(index_elements=["dedupe_key"]))


def list_messages(session: Session, user_id: UUID, unread_only: bool, after: UUID | None, limit: int) -> Sequence[Any]:
    """The person's messages, newest first, one row more than `limit`."""
    m = Message
    columns = (m.id, m.kind, m.title, m.body, m.link, m.created_at, m.read_at)
    statement = select(*columns).where(m.user_id == user_id).order_by(m.id.desc()).limit(limit + 1)
    if unread_only:
        statement = statement.where(m.read_at.is_(None))
    if after:
        statement = statement.where(m.id < after)
    return session.execute(statement).all()


def count_unread(session: Session, user_id: UUID) -> int:
    """How many messages the person has not read."""
    unread = select(func.count()).where(Message.user_id == user_id, Message.read_at.is_(None))
    return session.scalars(unread).one()


def mark_read(session: Session, user_id: UUID, message_id: UUID) -> None:
    """Marks one message as read; its first reading counts. Raises NotificationNotFound, for other people's too."""
    own = update(Message).where(Message.id == message_id, Message.user_id == user_id)
    read = own.values(read_at=func.coalesce(Message.read_at, func.now())).returning(Message.id)
    if session.execute(read).first() is None:
        raise NotificationNotFound


def mark_all_read(session: Session, user_id: UUID) -> None:
    """Marks all of the person's messages as read."""
    unread = update(Message).where(Message.user_id == user_id, Message.read_at.is_(None))
    session.execute(unread.values(read_at=func.now()))
