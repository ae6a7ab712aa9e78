"""Order lines, the ledger, documents, payouts, the days' revenue."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"

_time = sa.DateTime(timezone=True)
_now = sa.func.now()
_nobody = "00000000-0000-0000-0000-000000000000"


def upgrade() -> None:
    op.add_column("products", sa.Column("instructor_id", sa.Uuid, nullable=False, server_default=_nobody))
    op.add_column("orders", sa.Column("tax_amount", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("orders", sa.Column("tax_lines", JSONB, nullable=False, server_default=sa.text("'[]'")))
    _create_lines()
    _create_ledger()
    _create_documents()


def _create_lines() -> None:
    op.create_table(
        "order_lines",
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("course_id", sa.Uuid, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("list_amount", sa.BigInteger, nullable=False),
        sa.Column("discount", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("instructor_id", sa.Uuid, nullable=False),
        sa.Column("instructor_share", sa.BigInteger, nullable=False),
    )
    op.execute(
        f"INSERT INTO order_lines SELECT id, 0, course_id, course_title, amount, 0, amount, '{_nobody}', 0 FROM orders"
    )


def _create_ledger() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("posting", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("line", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String, nullable=False),
        sa.Column("order_id", sa.Uuid, index=True),
        sa.Column("course_id", sa.Uuid),
        sa.Column("instructor_id", sa.Uuid, nullable=False),
        sa.Column("occurred_at", _time, nullable=False),
        sa.Column("booked_at", _time, nullable=False, server_default=_now),
        sa.UniqueConstraint("posting", "account", "line"),
    )
    op.create_index(
        "ix_ledger_entries_earnings",
        "ledger_entries",
        ["instructor_id", "occurred_at"],
        postgresql_where=sa.text("account = 'instructor_payable'"),
    )
    op.create_table(
        "revenue_days",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("course_id", sa.Uuid, primary_key=True),
        sa.Column("instructor_id", sa.Uuid, primary_key=True),
        sa.Column("currency", sa.String, primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("tax", "instructors", "academy")),
    )
    op.create_table(
        "payouts",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("instructor_id", sa.Uuid, nullable=False, index=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String, nullable=False),
        sa.Column("reference", sa.String, nullable=False),
        sa.Column("paid_by", sa.Uuid, nullable=False),
        sa.Column("created_at", _time, nullable=False, server_default=_now),
    )


def _create_documents() -> None:
    op.create_table(
        "document_counters",
        sa.Column("series", sa.String, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.String, nullable=False, unique=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("refund_id", sa.String, nullable=False, server_default=""),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("tax_amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String, nullable=False),
        sa.Column("issued_at", _time, nullable=False),
        sa.Column("voided_at", _time),
        sa.UniqueConstraint("order_id", "kind", "refund_id"),
    )
    op.create_table(
        "buyers",
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("address_lines", JSONB, nullable=False),
        sa.Column("country", sa.String, nullable=False),
        sa.Column("tax_id", sa.String, nullable=False),
    )
