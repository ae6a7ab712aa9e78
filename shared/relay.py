"""Publishes the outbox: one leader per service, id order, persistent, mandatory, confirmed, then marked."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pika
from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import Row, Text, bindparam, cast, func, select, text, update

from shared import failpoints, lean_session, locks, tables, topology
from shared.database import Database
from shared.prepared import hot
from shared.publisher import Message, Outcome, Publisher, PublisherClosed
from shared.retries import RetryPolicy
from shared.telemetry import get_logger

log = get_logger(__name__)

BATCH = 200
LONGEST_HOLD = timedelta(seconds=60)
REASONS = {
    Outcome.UNROUTABLE: "unroutable: no queue is bound for this event",
    Outcome.REFUSED: "the broker refused it: the consumer's queue is full",
}

_o = tables.outbox.c
_held = tables.outbox.alias("held")
# Rows whose aggregate has an earlier row in back-off wait with it: order is per aggregate.
DUE = hot(
    select(_o.id, _o.event_id, _o.type, cast(_o.envelope, Text).label("envelope"), _o.attempts)
    .where(
        _o.published_at.is_(None),
        ~select(_held.c.id)
        .where(
            _held.c.published_at.is_(None),
            _held.c.subject == _o.subject,
            _held.c.id <= _o.id,
            _held.c.next_attempt_at > func.now(),
        )
        .exists(),
    )
    .order_by(_o.id)
    .limit(BATCH)
)
MARK_PUBLISHED = hot(
    update(tables.outbox)
    .where(_o.id == func.any(bindparam("ids")))
    .values(published_at=func.now(), attempts=_o.attempts + 1, last_error=None)
)


class Relay:
    """Step of the relay loop. Holds an advisory lock on its own database connection for as long as it leads; a second
    instance keeps asking. No transaction is open while it waits for the broker."""

    def __init__(self, database: Database, parameters: pika.ConnectionParameters, policy: RetryPolicy) -> None:
        self._engine = database.autocommit_engine
        self._exchange = topology.exchange(database.service)
        self._parameters = parameters
        self._policy = policy
        self._leader: DatabaseConnection | None = None
        self._publisher: Publisher | None = None

    def step(self) -> bool:
        """Publishes one batch. Returns True when there may be more."""
        try:
            leader = self._lead()
            if leader is None:
                return False
            self._keep_connection()
            rows = lean_session.execute(leader, DUE, {}).all()
            return bool(rows) and self._publish(leader, rows) == BATCH
        except Exception:
            # Whatever broke, leadership and broker connection are built anew; unmarked rows are published again.
            self.close()
            raise

    def _lead(self) -> DatabaseConnection | None:
        if self._leader is not None:
            return self._leader
        connection = self._engine.connect()
        # The lock belongs to this physical connection: it must never go back to the pool while held.
        connection.detach()
        # A mark that a crash of Postgres loses is one more publish, which every consumer takes as a repetition.
        connection.execute(text("SET synchronous_commit = off"))
        if locks.try_session_lock(connection, "relay"):
            self._leader = connection
            log.info("relay leads")
            return connection
        connection.close()
        return None

    def _keep_connection(self) -> None:
        """Heartbeats are served between batches; a lost connection is replaced before it is needed."""
        if self._publisher is not None and not self._publisher.is_open():
            self._publisher.close()
            self._publisher = None

    def _publish(self, leader: DatabaseConnection, rows: Sequence[Any]) -> int:
        if self._publisher is None:
            self._publisher = Publisher(self._parameters)
        messages = [Message(str(row.event_id), row.type, row.envelope.encode()) for row in rows]
        outcomes = self._publisher.publish(self._exchange, messages)
        failpoints.reach("relay-before-mark")
        by_outcome: dict[Outcome, list[Any]] = {outcome: [] for outcome in Outcome}
        for row in rows:
            by_outcome[outcomes[str(row.event_id)]].append(row)
        confirmed = by_outcome[Outcome.CONFIRMED]
        if confirmed:
            lean_session.execute(leader, MARK_PUBLISHED, {"ids": [row.id for row in confirmed]})
        for outcome, reason in REASONS.items():
            for row in by_outcome[outcome]:
                self._hold(leader, row, reason)
        if by_outcome[Outcome.UNKNOWN]:
            raise PublisherClosed(
                f"{len(by_outcome[Outcome.UNKNOWN])} events without a confirm; they will go out again"
            )
        return len(confirmed)

    def _hold(self, leader: DatabaseConnection, row: Row[Any], reason: str) -> None:
        log.error("event not published", event_id=str(row.event_id), type=row.type, reason=reason)
        wait = min(self._policy.backoff(row.attempts + 1), LONGEST_HOLD)
        values = {"attempts": _o.attempts + 1, "next_attempt_at": func.now() + wait, "last_error": reason}
        leader.execute(update(tables.outbox).where(_o.id == row.id).values(**values))

    def close(self) -> None:
        """Gives up leadership and the broker connection."""
        publisher, self._publisher = self._publisher, None
        if publisher:
            publisher.close()
        leader, self._leader = self._leader, None
        if leader:
            _hang_up(leader)


def _hang_up(leader: DatabaseConnection) -> None:
    """Ends the connection, and so its lock. `invalidate` only forgets a detached one: as long as anything still holds
    it, such as the traceback of the error that it is given up for, it would go on leading, and nobody publish."""
    if not leader.invalidated:
        physical = leader.connection.dbapi_connection
        leader.invalidate()
        if physical:
            physical.close()
    leader.close()
