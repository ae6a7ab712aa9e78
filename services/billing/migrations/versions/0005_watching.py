"""Steps of orders, catalog's enrollments, mismatches."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_time = sa.DateTime(timezone=True)
_now = sa.func.now()


def upgrade() -> None:
    op.create_table(
        "order_steps",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("step", sa.String, nullable=False),
        sa.Column("at", _time, nullable=False),
        sa.Index("ix_order_steps_order_id_id", "order_id", "id"),
    )
    op.create_table(
        "enrollments",
        sa.Column("enrollment_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("course_id", sa.Uuid, nullable=False),
        sa.Column("order_id", sa.Uuid),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("heard_at", _time, nullable=False, server_default=_now),
        sa.Index("ix_enrollments_user_id_course_id", "user_id", "course_id"),
    )
    op.create_table(
        "mismatches",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("cause", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("found_at", _time, nullable=False, server_default=_now),
        sa.Column("resolved_at", _time),
    )
    op.create_index(
        "uq_mismatches_open",
        "mismatches",
        ["kind", "subject"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "pull_cursors",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("read_until", _time, nullable=False),
    )
