"""Answers to requests with an Idempotency-Key."""

from alembic import op

from shared.tables import create_idempotency_keys

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_idempotency_keys(op)
