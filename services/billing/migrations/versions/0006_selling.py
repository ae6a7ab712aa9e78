"""Coupons, and prices per currency."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_time = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("orders", sa.Column("coupon", sa.String))
    op.create_table(
        "prices",
        sa.Column("course_id", sa.Uuid, primary_key=True),
        sa.Column("currency", sa.String, primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "coupons",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("code", sa.String, nullable=False, unique=True),
        sa.Column("percent", sa.BigInteger),
        sa.Column("amount", sa.BigInteger),
        sa.Column("currency", sa.String),
        sa.Column("course_id", sa.Uuid),
        sa.Column("user_id", sa.Uuid),
        sa.Column("max_uses", sa.BigInteger),
        sa.Column("used", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("starts_at", _time, nullable=False),
        sa.Column("ends_at", _time),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.text("true")),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("created_at", _time, nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "coupon_uses",
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), primary_key=True),
        sa.Column("coupon_id", sa.Uuid, sa.ForeignKey("coupons.id"), nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("released_at", _time),
    )
    op.create_index(
        "uq_coupon_uses_held",
        "coupon_uses",
        ["coupon_id", "user_id"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )
