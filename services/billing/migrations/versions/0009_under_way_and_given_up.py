"""Payments that are under way for days, orders that their learners gave up, stray payments that went back."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_time = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("orders", sa.Column("processing_at", _time))
    op.add_column("orders", sa.Column("given_up_at", _time))
    op.add_column("orders", sa.Column("stray_returned", sa.Boolean, nullable=False, server_default="false"))
