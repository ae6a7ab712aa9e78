"""Deletes what is no longer needed, in batches that never hold a lock for long, until nothing is left.

The functions are generators: each batch is a transaction of its own and ends with a `yield`, where the worker may stop
or do another job (shared/jobs.py).
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, select, tuple_

from shared import tables
from shared.database import Database
from shared.events import EVENTS
from shared.jobs import Job
from shared.storage import Storage
from shared.telemetry import get_logger

log = get_logger(__name__)

# Longer than Stripe lists its events (30 days): whatever may still be delivered again finds its inbox row.
KEPT = timedelta(days=35)
# How long a request may be repeated with its Idempotency-Key.
ANSWERS_KEPT = timedelta(hours=24)
BATCH = 1000
FILES_BATCH = 100

Condition = ColumnElement[bool]


def sweep_tables(database: Database) -> Iterator[None]:
    """Deletes published outbox rows and handled inbox rows older than 35 days (parked and pending ones stay), answers
    to idempotency keys older than a day, counts of limits whose period has ended, and at once what holds a secret or a
    person's data."""
    o, i = tables.outbox.c, tables.inbox.c
    answers, counts = tables.idempotency_keys, tables.limit_counts
    delicate = [name for name, cls in EVENTS.items() if not cls.is_kept]
    yield from delete_rows(
        database,
        (tables.outbox, o.published_at < func.now() - KEPT),
        (tables.outbox, o.published_at.is_not(None) & o.type.in_(delicate)),
        (tables.inbox, (i.received_at < func.now() - KEPT) & (i.status == "done")),
        (answers, answers.c.created_at < func.now() - ANSWERS_KEPT),
        (counts, counts.c.ends_at < func.now()),
    )


def delete_rows(database: Database, *what: tuple[Any, Condition]) -> Iterator[None]:
    """Deletes the rows of tables (or mapped classes) for which their conditions hold. A table whose rows cannot be
    deleted does not keep the others; the first error is raised in the end."""
    failure: Exception | None = None
    for owner, condition in what:
        table: Table = getattr(owner, "__table__", owner)
        try:
            yield from _delete_in_batches(database, table, condition)
        except Exception as error:
            log.error("rows not deleted", table=table.name, exc_info=error)
            failure = failure or error
    if failure:
        raise failure


def remove_files(
    database: Database, storage: Storage, model: Any, unheld: Condition, keys: Callable[[Any], Iterable[str]]
) -> Iterator[None]:
    """Removes stored files that nobody holds: the bytes under `keys(row)` first, then the row of `model` that remembers
    them, so that a crash in between is repaired by the next run. A file that cannot be removed is passed over, and
    tried again in the next run."""
    columns = model.__table__.c
    after: Any = None
    while True:
        page = select(model.__table__).where(unheld).order_by(columns.id).limit(FILES_BATCH)
        with database.begin() as session:
            found = session.execute(page if after is None else page.where(columns.id > after)).all()
        removed = []
        for row in found:
            if _remove(storage, keys(row)):
                removed.append(row.id)
            else:
                # A storage that does not answer takes its time to say so.
                yield
        with database.begin() as session:
            session.execute(delete(model).where(columns.id.in_(removed)))
        yield
        if len(found) < FILES_BATCH:
            return
        after = found[-1].id


def repeat(database: Database, statement: Any) -> Iterator[None]:
    """Executes a statement that changes at most BATCH rows and returns each of them, until it finds fewer."""
    while True:
        with database.begin() as session:
            changed = len(session.execute(statement).all())
        yield
        if changed < BATCH:
            return


def _delete_in_batches(database: Database, table: Table, condition: Condition) -> Iterator[None]:
    key = tuple(table.primary_key.columns)
    # Whoever holds a row at the moment has it for the next run.
    batch = select(*key).where(condition).limit(BATCH).with_for_update(skip_locked=True)
    yield from repeat(database, delete(table).where(tuple_(*key).in_(batch)).returning(key[0]))


def _remove(storage: Storage, keys: Iterable[str]) -> bool:
    try:
        for key in keys:
            storage.delete(key)
    # Whatever the disk or S3 says, the others must not wait for this one.
    except Exception as error:
        log.warning("file not removed", error=str(error))
        return False
    return True


SWEEP = Job("sweep-tables", timedelta(hours=1), sweep_tables)
