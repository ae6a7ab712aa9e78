"""Deletes what the kernel's tables no longer need, in small batches that never hold a lock for long."""

from datetime import timedelta
from typing import Any

from sqlalchemy import CTE, delete, func, select
from sqlalchemy.sql.dml import ReturningDelete

from shared import tables
from shared.database import Database
from shared.events import EVENTS
from shared.jobs import Job

# Longer than Stripe lists its events (30 days): whatever may still be delivered again finds its inbox row.
KEPT = timedelta(days=35)
# How long a request may be repeated with its Idempotency-Key.
ANSWERS_KEPT = timedelta(hours=24)
BATCH = 1000


def sweep_tables(database: Database) -> None:
    """Deletes published outbox rows and handled inbox rows older than 35 days (parked and pending ones stay), answers
    to idempotency keys older than a day, and at once what holds a secret or a person's data."""
    for statement in (_old_outbox(), _delicate_outbox(), _old_inbox(), _old_answers()):
        while True:
            with database.begin() as session:
                deleted = len(session.execute(statement).all())
            if deleted < BATCH:
                break


def _old_outbox() -> ReturningDelete[Any]:
    o = tables.outbox.c
    old = select(o.id).where(o.published_at < func.now() - KEPT).limit(BATCH)
    return delete(tables.outbox).where(o.id.in_(old)).returning(o.id)


def _delicate_outbox() -> ReturningDelete[Any]:
    o = tables.outbox.c
    delicate = [name for name, cls in EVENTS.items() if not cls.is_kept]
    sent = select(o.id).where(o.published_at.is_not(None), o.type.in_(delicate)).limit(BATCH)
    return delete(tables.outbox).where(o.id.in_(sent)).returning(o.id)


def _old_inbox() -> ReturningDelete[Any]:
    i = tables.inbox.c
    old: CTE = (
        select(i.source, i.event_id)
        .where(i.received_at < func.now() - KEPT, i.status == "done")
        .order_by(i.received_at)
        .limit(BATCH)
        .cte("old")
    )
    return delete(tables.inbox).where(i.source == old.c.source, i.event_id == old.c.event_id).returning(i.event_id)


def _old_answers() -> ReturningDelete[Any]:
    k = tables.idempotency_keys.c
    old = select(k.actor_id, k.key).where(k.created_at < func.now() - ANSWERS_KEPT).limit(BATCH).cte("old")
    mine = (k.actor_id == old.c.actor_id, k.key == old.c.key)
    return delete(tables.idempotency_keys).where(*mine).returning(k.key)


SWEEP = Job("sweep-tables", timedelta(hours=1), sweep_tables)
