"""Answers to requests with an Idempotency-Key; versions of modules and lessons, for If-Match."""

import sqlalchemy as sa
from alembic import op

from shared.tables import create_idempotency_keys

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_idempotency_keys(op)
    for table in ("modules", "lessons"):
        op.add_column(table, sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")))
