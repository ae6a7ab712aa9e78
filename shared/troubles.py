"""What the event backbone could not finish: parked, being retried, not publishable, rejected; and its replay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, String, cast, func, insert, literal, null, or_, select, union_all, update
from sqlalchemy.orm import Session

from shared import tables
from shared.hints import wake_worker

OVERDUE = timedelta(minutes=1)
PENDING = "not handled yet: is the worker running? (make status)"
UNPUBLISHED = "not published yet: is the broker running, and the worker? (make status)"

_inbox, _outbox, _rejected = tables.inbox.c, tables.outbox.c, tables.inbox_rejected.c


@dataclass(frozen=True)
class Selection:
    """Which parked events: one by id, or all of a type, or all parked since a time (UTC), or both."""

    event_id: str | None = None
    type: str | None = None
    since: datetime | None = None


def list_troubles(session: Session, state: str | None, limit: int) -> Sequence[Row[Any]]:
    """(state, source, event_id, type, attempts, reason, since) newest first, at most `limit`.

    `state` is parked or pending (inbox), unpublished (outbox) or rejected; None means all. What is pending or
    unpublished is listed once an attempt has failed, and after a minute whatever the reason: the worker or the broker
    may be down.
    """
    received = _inbox.received_at < func.now() - OVERDUE
    created = _outbox.created_at < func.now() - OVERDUE
    arrived = select(
        _inbox.status.label("state"),
        _inbox.source,
        _inbox.event_id,
        _inbox.type,
        _inbox.attempts,
        func.coalesce(_inbox.last_error, PENDING).label("reason"),
        _inbox.received_at.label("since"),
    ).where(_inbox.status.in_(("parked", "pending")), or_(_inbox.last_error.is_not(None), received))
    leaving = select(
        literal("unpublished"),
        _outbox.envelope["source"].astext,
        cast(_outbox.event_id, String),
        _outbox.type,
        _outbox.attempts,
        func.coalesce(_outbox.last_error, UNPUBLISHED),
        _outbox.created_at,
    ).where(_outbox.published_at.is_(None), or_(_outbox.last_error.is_not(None), created))
    rejected = select(
        literal("rejected"),
        null(),
        cast(_rejected.id, String),
        _rejected.routing_key,
        literal(1),
        _rejected.reason,
        _rejected.received_at,
    )
    troubles = union_all(arrived, leaving, rejected).subquery()
    statement = select(troubles).order_by(troubles.c.since.desc()).limit(limit)
    return session.execute(statement.where(troubles.c.state == state) if state else statement).all()


def replay(session: Session, requested_by: str, selection: Selection) -> int:
    """Makes the selected parked events due again with fresh attempts; returns how many. Leaves an audit row."""
    statement = update(tables.inbox).where(_inbox.status == "parked")
    if selection.event_id:
        statement = statement.where(_inbox.event_id == selection.event_id)
    if selection.type:
        statement = statement.where(_inbox.type == selection.type)
    if selection.since:
        statement = statement.where(_inbox.received_at >= selection.since)
    fresh = {"status": "pending", "attempts": 0, "crashes": 0, "claimed_at": None, "next_attempt_at": func.now()}
    count = len(session.execute(statement.values(**fresh).returning(_inbox.event_id)).all())
    record = {
        "requested_by": requested_by,
        "selection": {
            "event_id": selection.event_id,
            "type": selection.type,
            "since": selection.since.isoformat() if selection.since else None,
        },
        "replayed": count,
    }
    session.execute(insert(tables.replays).values(**record))
    wake_worker(session, "inbox")
    return count
