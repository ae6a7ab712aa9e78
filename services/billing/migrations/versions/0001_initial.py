"""Products, orders, payments, refunds, disputes, Stripe events."""

import sqlalchemy as sa
from alembic import op

from shared.tables import create_kernel_tables

revision = "0001"
down_revision = None

_time = sa.DateTime(timezone=True)
_now = sa.func.now()
_current = "status IN ('pending', 'paid', 'partly_refunded', 'disputed', 'review') AND NOT surplus"


def upgrade() -> None:
    create_kernel_tables(op)
    op.create_table(
        "products",
        sa.Column("course_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("price_amount", sa.BigInteger, nullable=False),
        sa.Column("price_currency", sa.String, nullable=False),
        sa.Column("published", sa.Boolean, nullable=False),
    )
    _create_orders()
    op.create_table(
        "payments",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False, index=True),
        sa.Column("session_id", sa.String, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String, nullable=False),
        sa.Column("paid_at", _time, nullable=False),
    )
    for name, own in (("refunds", []), ("disputes", [sa.Column("reason", sa.String, nullable=False)])):
        op.create_table(
            name,
            sa.Column("id", sa.String, primary_key=True),
            sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False, index=True),
            sa.Column("amount", sa.BigInteger, nullable=False),
            sa.Column("status", sa.String, nullable=False),
            *own,
            sa.Column("updated_at", _time, nullable=False, server_default=_now),
        )
    op.create_table(
        "stripe_events",
        sa.Column("event_id", sa.String, primary_key=True),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("api_version", sa.String),
        sa.Column("livemode", sa.Boolean, nullable=False),
        sa.Column("created", _time, nullable=False),
        sa.Column("ignored", sa.Boolean, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("received_at", _time, nullable=False, server_default=_now, index=True),
    )


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("course_id", sa.Uuid, nullable=False),
        sa.Column("course_title", sa.String, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String, nullable=False),
        sa.Column("client_key", sa.String),
        sa.Column("status", sa.String, nullable=False, server_default="pending"),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("attempt", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("attempt_expires_at", _time, nullable=False),
        sa.Column("session_id", sa.String, unique=True),
        sa.Column("session_url", sa.String),
        sa.Column("paid_amount", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("paid_currency", sa.String, nullable=False, server_default=""),
        sa.Column("paid_at", _time),
        sa.Column("failure", sa.String, nullable=False, server_default=""),
        sa.Column("failed_at", _time),
        sa.Column("refunded_amount", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("dispute", sa.String, nullable=False, server_default="none"),
        sa.Column("stray_session", sa.String, nullable=False, server_default=""),
        sa.Column("surplus", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("created_at", _time, nullable=False, server_default=_now),
        sa.Column("checked_at", _time),
        sa.UniqueConstraint("user_id", "client_key"),
        sa.Index("ix_orders_user_id_id", "user_id", "id"),
        sa.Index("ix_orders_course_id_id", "course_id", "id"),
        sa.Index("ix_orders_status_id", "status", "id"),
    )
    op.create_index(
        "uq_orders_current", "orders", ["user_id", "course_id"], unique=True, postgresql_where=sa.text(_current)
    )
    op.create_index("ix_orders_pending", "orders", ["created_at"], postgresql_where=sa.text("status = 'pending'"))
