"""Courses, grants, live sessions, attendances."""

import sqlalchemy as sa
from alembic import op

from shared.tables import create_kernel_tables

revision = "0001"
down_revision = None

_time = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_kernel_tables(op)
    op.create_table(
        "courses",
        sa.Column("course_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("instructor_id", sa.Uuid, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
    )
    op.create_table(
        "grants",
        sa.Column("enrollment_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("course_id", sa.Uuid, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Index("ix_grants_user_id_course_id", "user_id", "course_id"),
    )
    op.create_table(
        "live_sessions",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("course_id", sa.Uuid, sa.ForeignKey("courses.course_id"), nullable=False, index=True),
        sa.Column("host_id", sa.Uuid, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("description", sa.String, nullable=False),
        sa.Column("starts_at", _time, nullable=False),
        sa.Column("duration_minutes", sa.Integer, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("room", sa.String, nullable=False),
        sa.Column("created_at", _time, nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", _time, nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("status IN ('scheduled', 'cancelled')", name="status"),
        sa.CheckConstraint("duration_minutes BETWEEN 5 AND 720", name="duration"),
        sa.Index("ix_live_sessions_starts_at_id", "starts_at", "id"),
    )
    op.create_table(
        "attendances",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("live_session_id", sa.Uuid, sa.ForeignKey("live_sessions.id"), nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("joined_at", _time, nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("live_session_id", "user_id"),
    )
