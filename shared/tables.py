"""The kernel's tables, the same in each service's schema: outbox, inbox, rejected messages, jobs, idempotency keys,
limit counts.

A service's first migration calls `create_kernel_tables`; later changes of the kernel come as functions beside it,
called by a new migration in each service.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, LargeBinary, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from shared.database import new_metadata

metadata = new_metadata()
_time = DateTime(timezone=True)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", UUID(as_uuid=True), nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("envelope", JSONB, nullable=False),
    Column("created_at", _time, nullable=False, server_default=func.now()),
    Column("published_at", _time),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", _time),
    Column("last_error", Text),
    # The relay reads unpublished rows only, by id; a cursor over ids would skip rows that commit late.
    Index("ix_outbox_unpublished", "id", postgresql_where=text("published_at IS NULL")),
    Index("ix_outbox_unpublished_subject", "subject", "id", postgresql_where=text("published_at IS NULL")),
    Index("ix_outbox_published_at", "published_at", postgresql_where=text("published_at IS NOT NULL")),
    # Each row is updated once, when published: leave room for the new version on the same page.
    postgresql_with={"fillfactor": 70},
)

inbox = Table(
    "inbox",
    metadata,
    Column("source", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("status", Text, nullable=False),  # done | pending | parked
    Column("payload", JSONB),  # kept while there is still something to do with it
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("crashes", Integer, nullable=False, server_default=text("0")),
    Column("claimed_at", _time),
    Column("next_attempt_at", _time),
    Column("last_error", Text),
    Column("received_at", _time, nullable=False, server_default=func.now()),
    Column("handled_at", _time),
    Index("ix_inbox_pending", "next_attempt_at", postgresql_where=text("status = 'pending'")),
    Index("ix_inbox_parked", "received_at", postgresql_where=text("status = 'parked'")),
    Index("ix_inbox_received_at", "received_at"),
)

inbox_rejected = Table(
    "inbox_rejected",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("routing_key", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", _time, nullable=False, server_default=func.now()),
)

jobs = Table(
    "jobs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next_run_at", _time, nullable=False, server_default=func.now()),
    Column("last_run_at", _time),
    Column("last_error", Text),
)

# Who asked for what to be handled again.
replays = Table(
    "replays",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", _time, nullable=False, server_default=func.now()),
    Column("selection", JSONB, nullable=False),
    Column("replayed", Integer, nullable=False),
)

# Answers to requests that named an Idempotency-Key.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("actor_id", UUID(as_uuid=True), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", _time, nullable=False, server_default=func.now()),
    Index("ix_idempotency_keys_created_at", "created_at"),
)

# Uses of a limit (shared/limits.py) by one subject in the window that ends then. Each row is updated often: there is
# room for new versions on its page, and no index on what changes.
limit_counts = Table(
    "limit_counts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("used", Integer, nullable=False),
    Column("ends_at", _time, nullable=False),
    postgresql_with={"fillfactor": 70},
)


def create_kernel_tables(op: Any) -> None:
    """First version of the kernel tables, for a service's first migration; `op` is alembic's."""
    metadata.create_all(op.get_bind(), [outbox, inbox, inbox_rejected, jobs, replays])


def create_idempotency_keys(op: Any) -> None:
    """The table of answers to requests with an Idempotency-Key."""
    idempotency_keys.create(op.get_bind())


def create_limit_counts(op: Any) -> None:
    """The table of what limits count."""
    limit_counts.create(op.get_bind())
