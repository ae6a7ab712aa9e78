"""People, courses, enrollments, messages, deliveries, broadcasts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.tables import create_kernel_tables

revision = "0001"
down_revision = None

_time = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_kernel_tables(op)
    _create_projections()
    _create_messages()
    _create_deliveries()
    _create_broadcasts()


def _create_projections() -> None:
    op.create_table(
        "people",
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("email", sa.String),
        sa.Column("name", sa.String),
        sa.Column("profile_version", sa.Integer, nullable=False),
        sa.Column("suspended", sa.Boolean, nullable=False),
        sa.Column("status_version", sa.Integer, nullable=False),
    )
    op.create_table(
        "courses",
        sa.Column("course_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("slug", sa.String, nullable=False),
        sa.Column("instructor_id", sa.Uuid, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
    )
    op.create_table(
        "enrollments",
        sa.Column("enrollment_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("course_id", sa.Uuid, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Index("ix_enrollments_course_id_user_id", "course_id", "user_id", postgresql_where=sa.text("active")),
    )
    op.create_table(
        "heard_versions",
        sa.Column("subject_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
    )


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("dedupe_key", sa.String, nullable=False, unique=True),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("body", sa.String, nullable=False),
        sa.Column("link", sa.String, nullable=False),
        sa.Column("created_at", _time, nullable=False, server_default=sa.func.now()),
        sa.Column("read_at", _time),
        sa.Index("ix_messages_user_id_id", "user_id", "id"),
        sa.Index("ix_messages_unread", "user_id", "id", postgresql_where=sa.text("read_at IS NULL")),
    )


def _create_deliveries() -> None:
    unfinished = sa.text("state IN ('queued', 'sending')")
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("dedupe_key", sa.String, nullable=False, unique=True),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("recipient", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("context", JSONB, nullable=False),
        sa.Column("is_bulk", sa.Boolean, nullable=False),
        sa.Column("state", sa.String, nullable=False, server_default="queued"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("next_attempt_at", _time, nullable=False, server_default=sa.func.now()),
        sa.Column("message_id", sa.String),
        sa.Column("last_error", sa.String),
        sa.Column("created_at", _time, nullable=False, server_default=sa.func.now()),
        sa.Column("sent_at", _time),
        sa.CheckConstraint("state IN ('queued', 'sending', 'sent', 'failed')", name="state"),
        sa.Index("ix_deliveries_due", "is_bulk", "next_attempt_at", postgresql_where=unfinished),
        sa.Index("ix_deliveries_recipient", sa.func.lower(sa.text("recipient")), "id"),
        sa.Index("ix_deliveries_state_id", "state", "id"),
    )


def _create_broadcasts() -> None:
    op.create_table(
        "broadcasts",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("fact", sa.String, nullable=False),
        sa.Column("course_id", sa.Uuid, nullable=False),
        sa.Column("link", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("body", sa.String, nullable=False),
        sa.Column("context", JSONB, nullable=False),
        sa.Column("after_user_id", sa.Uuid),
        sa.Column("created_at", _time, nullable=False, server_default=sa.func.now()),
        sa.Column("done_at", _time),
        sa.UniqueConstraint("kind", "fact"),
        sa.Index("ix_broadcasts_open", "id", postgresql_where=sa.text("done_at IS NULL")),
    )
