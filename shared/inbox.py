"""Everything that arrives, arrives twice: the inbox makes the second time harmless and the failed time retryable.

Fast path: inbox row, handler and the handler's own outbox rows are one transaction, then the message is acknowledged.
Slow path: after a failure or a redelivery the message lives in the table as `pending`, is retried with back-off by the
worker, and is `parked` when its attempts are spent, where `make dead` shows it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import Interval, Row, bindparam, func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shared import failpoints, tables
from shared.database import Database
from shared.envelope import Envelope, UnreadableEnvelope
from shared.events import Event
from shared.hints import wake_worker
from shared.prepared import hot
from shared.telemetry import traceparent
from shared.transactions import later

# One statement for all that arrived together, whatever their number.
STORE_HANDLED = hot(
    text("""
    INSERT INTO inbox (source, event_id, type, status, attempts, handled_at)
    SELECT source, event_id, type, 'done', 1, now()
    FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[]), CAST(:types AS text[]))
        AS arrived (source, event_id, type)
    ON CONFLICT DO NOTHING RETURNING source, event_id
""")
)

STORE_FOREIGN = later(
    hot(
        insert(tables.inbox)
        .values(
            **{name: bindparam(name) for name in ("source", "event_id", "type", "payload")},
            status="pending",
            next_attempt_at=func.now() + bindparam("wait", type_=Interval()),
        )
        .on_conflict_do_nothing()
        .inline()
    )
)
# Rows that somebody holds are somebody's business: nobody waits for them here.
FINISH_WAITING = later(
    hot(
        text("""
    UPDATE inbox SET status = 'done', handled_at = now(), payload = NULL WHERE (source, event_id) IN (
        SELECT source, event_id FROM inbox
        WHERE status = 'pending' AND source = :source AND type = :type AND payload @> CAST(:about AS jsonb)
            AND claimed_at IS NULL
        FOR UPDATE SKIP LOCKED
    )
""")
    )
)
NO_WAIT = timedelta(0)

Handler = Callable[[Session, Any], None]
Payload = dict[str, Any]


class Waiting(Exception):
    """A handler needs a fact that has not arrived yet; the event is retried for a day and no attempt is charged."""


class Unprocessable(Exception):
    """A handler knows that no retry will help; the event is parked at once."""


@dataclass(frozen=True)
class Intake:
    """How the events of a foreign source are handled: `prepare` runs first with no transaction open and no lock held
    (it may call the vendor), its result goes to `handle` inside the transaction."""

    prepare: Callable[[Database, Payload], Any]
    handle: Handler


@dataclass(frozen=True)
class Handlers:
    """The whole wiring of a worker on one screen: event class -> function, foreign source -> Intake."""

    events: Mapping[type[Event], Handler] = field(default_factory=dict)
    intakes: Mapping[str, Intake] = field(default_factory=dict)


def store(
    session: Session, source: str, event_id: str, event_type: str, payload: Payload, wait: timedelta = NO_WAIT
) -> None:
    """Stores a foreign event (a webhook) for the worker, due after `wait`; again changes nothing."""
    row = {"source": source, "event_id": event_id, "type": event_type, "payload": payload, "wait": wait}
    session.execute(STORE_FOREIGN, row)
    wake_worker(session, "inbox")


def finish_waiting(session: Session, source: str, event_type: str, about: Payload) -> None:
    """Ends foreign events with these members that still wait: what they would tell is known since this transaction."""
    values = {"source": source, "type": event_type, "about": orjson.dumps(about).decode()}
    session.execute(FINISH_WAITING, values)


def store_envelope(session: Session, envelope: Envelope, crashes: int = 0) -> Row[Any] | None:
    """Stores an event of ours as pending and due. Returns its row, None when it was here before.

    `crashes` is 1 for a redelivered message: the process may have died under its first delivery.
    """
    values: dict[str, Any] = {
        "source": envelope.source,
        "event_id": str(envelope.id),
        "type": envelope.type,
        "payload": envelope.model_dump(mode="json", exclude_none=True),
        "status": "pending",
        "next_attempt_at": func.now(),
        "crashes": crashes,
    }
    statement = insert(tables.inbox).values(**values).on_conflict_do_nothing()
    row = session.execute(statement.returning(*tables.inbox.c)).first()
    wake_worker(session, "inbox")
    return row


def store_parked(session: Session, envelope: Envelope, reason: str) -> None:
    """Stores an event of ours that nobody tries any more, unless it was here before."""
    row = store_envelope(session, envelope)
    if row is not None:
        its_row = (tables.inbox.c.source == row.source, tables.inbox.c.event_id == row.event_id)
        session.execute(update(tables.inbox).where(*its_row).values(status="parked", last_error=reason))


def handle_once(session: Session, envelopes: Sequence[Envelope], handlers: Handlers) -> None:
    """The fast path, inside the caller's transaction: handles in order those that were never here before."""
    keys = {
        "sources": [envelope.source for envelope in envelopes],
        "ids": [str(envelope.id) for envelope in envelopes],
        "types": [envelope.type for envelope in envelopes],
    }
    inserted = session.execute(STORE_HANDLED, keys)
    fresh = {(source, event_id) for source, event_id in inserted}
    for envelope in envelopes:
        key = (envelope.source, str(envelope.id))
        if key in fresh:
            fresh.remove(key)
            dispatch(session, envelope, handlers)


def dispatch(session: Session, envelope: Envelope, handlers: Handlers) -> None:
    """Calls the handler of the event. Raises UnreadableEnvelope for an event this service does not handle."""
    event = envelope.event()
    handler = handlers.events.get(type(event))
    if handler is None:
        raise UnreadableEnvelope(f"no handler for {envelope.type}")
    token = traceparent.set(envelope.traceparent)
    try:
        handler(session, event)
        failpoints.reach(f"handler-{envelope.type}")
    finally:
        traceparent.reset(token)
