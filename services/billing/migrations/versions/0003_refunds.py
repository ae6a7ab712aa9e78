"""Refunds that are asked for here, what people did, and how much learners completed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"

_time = sa.DateTime(timezone=True)
_now = sa.func.now()
_current = "status IN ('pending', 'paid', 'refund_pending', 'partly_refunded', 'disputed', 'review') AND NOT surplus"


def upgrade() -> None:
    op.create_table(
        "refund_requests",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False, index=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("requested_by", sa.Uuid, nullable=False),
        sa.Column("status", sa.String, nullable=False, server_default="requested"),
        sa.Column("refusal", sa.String, nullable=False, server_default=""),
        sa.Column("created_at", _time, nullable=False, server_default=_now),
    )
    op.add_column("refunds", sa.Column("request_id", sa.Uuid))
    op.create_table(
        "acts",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("actor_id", sa.Uuid, nullable=False),
        sa.Column("session_id", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False, index=True),
        sa.Column("details", JSONB, nullable=False),
        sa.Column("acted_at", _time, nullable=False, server_default=_now),
    )
    op.create_table(
        "progress",
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("course_id", sa.Uuid, primary_key=True),
        sa.Column("percent", sa.BigInteger, nullable=False),
    )
    # A new status stands in the way of a second order too. Both exist for a moment, so nothing slips between.
    op.create_index(
        "uq_orders_current_2", "orders", ["user_id", "course_id"], unique=True, postgresql_where=sa.text(_current)
    )
    op.drop_index("uq_orders_current", "orders")
    op.execute("ALTER INDEX uq_orders_current_2 RENAME TO uq_orders_current")
