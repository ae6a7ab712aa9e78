"""The slow path of the inbox: claims what is due, retries with back-off, parks what is spent."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, func, null, text, update
from sqlalchemy.orm import Session

from shared import failpoints, tables
from shared.database import Database, is_outage
from shared.envelope import Envelope, UnreadableEnvelope
from shared.inbox import Handlers, Unprocessable, Waiting, dispatch, store_envelope
from shared.prepared import hot
from shared.settings import Settings
from shared.telemetry import get_logger

log = get_logger(__name__)

WAITING_LIMIT = timedelta(hours=24)
# Charges the attempt and takes a lease before the handler runs, so that a handler that kills the process is counted
# too (`crashes`: a claim that neither ended nor failed). Several workers may claim at once. The commit waits for no
# disk flush: should Postgres die in this moment a charge may be lost, which costs one more attempt and saves a flush
# on every event.
CLAIM = hot(
    text("""
    WITH due AS (
        SELECT source, event_id FROM inbox WHERE status = 'pending' AND next_attempt_at <= now()
        ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    UPDATE inbox SET
        attempts = attempts + 1,
        crashes = crashes + (claimed_at IS NOT NULL)::int,
        claimed_at = now(),
        next_attempt_at = now() + CAST(:lease AS interval)
    FROM due WHERE (inbox.source, inbox.event_id) = (due.source, due.event_id)
    RETURNING inbox.*, set_config('synchronous_commit', 'off', true)
""")
)
# The lease may have run out and another worker may have taken over: the row decides.
DONE = hot(
    update(tables.inbox)
    .where(
        tables.inbox.c.source == bindparam("its_source"),
        tables.inbox.c.event_id == bindparam("its_id"),
        tables.inbox.c.claimed_at == bindparam("its_claim"),
        tables.inbox.c.status == "pending",
    )
    .values(status="done", handled_at=func.now(), payload=null(), claimed_at=null())
    .returning(tables.inbox.c.event_id)
)
NEVER_HELPS = (Unprocessable, UnreadableEnvelope)


@dataclass(frozen=True)
class RetryPolicy:
    """When a failed event is tried again, and when it is given up and parked."""

    attempts: int
    crashes: int
    first_wait: timedelta
    longest_wait: timedelta
    waiting: timedelta
    lease: timedelta

    @classmethod
    def of(cls, settings: Settings) -> "RetryPolicy":
        """The policy that the settings ask for."""
        return cls(
            attempts=settings.event_attempts,
            crashes=settings.event_crashes,
            first_wait=timedelta(seconds=settings.event_first_retry_seconds),
            longest_wait=timedelta(minutes=30),
            waiting=timedelta(seconds=min(1.0, settings.event_first_retry_seconds)),
            lease=timedelta(seconds=settings.event_lease_seconds),
        )

    def backoff(self, attempt: int) -> timedelta:
        """The wait after the given attempt: doubling, with 20 % jitter so that herds disperse."""
        exponential: timedelta = min(self.first_wait * 2 ** min(attempt - 1, 20), self.longest_wait)
        return exponential * random.uniform(0.8, 1.2)  # nosec B311 # jitter, nothing to guess

    def patience(self, age: timedelta) -> timedelta:
        """The wait of an event that waits for another one since `age`: what is missing is mostly there at once, and
        thousands that wait for long must not take the worker's time."""
        return min(max(self.waiting, age / 8), self.longest_wait)


class Retrier:
    """Retries the pending events of one service. `on_claim` is called when one is found: there may be more."""

    def __init__(
        self, database: Database, handlers: Handlers, policy: RetryPolicy, on_claim: Callable[[], None] | None = None
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._policy = policy
        self._on_claim = on_claim

    def step(self) -> bool:
        """Claims one due event and handles it. Returns False when none is due."""
        row = self._database.do(CLAIM, lease=self._policy.lease)
        if row is None:
            return False
        if self._on_claim:
            self._on_claim()
        if row.crashes >= self._policy.crashes:
            with self._database.begin() as session:
                _park(session, row, f"its handler ended the process {row.crashes} times")
            return True
        try:
            self._handle(row)
        except Exception as error:
            if is_outage(error):
                raise
            with self._database.begin() as session:
                self._record_failure(session, row, error)
        return True

    def store_failed(self, session: Session, envelope: Envelope, error: Exception) -> None:
        """Stores an event whose first attempt failed: pending with back-off, or parked when no retry would help."""
        if store_envelope(session, envelope) is None:
            return
        first_attempt = update(tables.inbox).where(_is(envelope.source, str(envelope.id))).values(attempts=1)
        row = session.execute(first_attempt.returning(*tables.inbox.c)).one()
        self._record_failure(session, row, error)

    def _handle(self, row: Row[Any]) -> None:
        intake = self._handlers.intakes.get(row.source)
        prepared = intake.prepare(self._database, row.payload) if intake else None
        failpoints.reach("intake-after-prepare")
        with self._database.begin() as session:
            its_row = {"its_source": row.source, "its_id": row.event_id, "its_claim": row.claimed_at}
            if session.execute(DONE, its_row).first() is None:
                return
            if intake:
                intake.handle(session, prepared)
            else:
                dispatch(session, Envelope.model_validate(row.payload), self._handlers)

    def _record_failure(self, session: Session, row: Row[Any], error: Exception) -> None:
        message = f"{type(error).__name__}: {error}"[:2000]
        age = datetime.now(UTC) - row.received_at
        waiting = isinstance(error, Waiting) and age < WAITING_LIMIT
        spent = isinstance(error, NEVER_HELPS) or row.attempts >= self._policy.attempts
        if spent and not waiting:
            _park(session, row, message)
            return
        log.warning("event will be retried", event_id=row.event_id, type=row.type, attempt=row.attempts, error=message)
        wait = self._policy.patience(age) if waiting else self._policy.backoff(row.attempts)
        values = {
            "attempts": row.attempts - 1 if waiting else row.attempts,
            "next_attempt_at": func.now() + wait,
            "claimed_at": None,
            "last_error": message,
        }
        session.execute(update(tables.inbox).where(_is(row.source, row.event_id)).values(**values))


def _park(session: Session, row: Row[Any], reason: str) -> None:
    log.error("event parked", event_id=row.event_id, type=row.type, attempts=row.attempts, reason=reason)
    values = {"status": "parked", "last_error": reason, "claimed_at": None}
    session.execute(update(tables.inbox).where(_is(row.source, row.event_id)).values(**values))


def _is(source: str, event_id: str) -> ColumnElement[bool]:
    return and_(tables.inbox.c.source == source, tables.inbox.c.event_id == event_id)
