"""The audit log's tables, in the schema of each service that keeps one. The service's role may only insert and read."""

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, LargeBinary, String, Table, func
from sqlalchemy.dialects.postgresql import JSONB, UUID

from shared.database import new_metadata

metadata = new_metadata()

# Who did what to whom, from where.
audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("action", String, nullable=False),
    Column("actor_id", UUID(as_uuid=True), index=True),
    Column("session_id", String),
    Column("impersonator_id", UUID(as_uuid=True)),
    Column("object_id", UUID(as_uuid=True), index=True),
    Column("ip", String, nullable=False),
    Column("user_agent", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("details", JSONB, nullable=False),
)

# One link of the chain each: its hash covers the entry and the link before. `seq` has no gaps; it is the order of
# sealing, because entries' ids are not in commit order.
seals = Table(
    "audit_seals",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", BigInteger, unique=True, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)


def create_audit(op: Any) -> None:
    """Both tables, for a migration; `op` is alembic's. It then revokes UPDATE, DELETE and TRUNCATE from the service."""
    metadata.create_all(op.get_bind())
