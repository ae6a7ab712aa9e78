"""Learners, courses, enrollments, certificates, decisions."""

import sqlalchemy as sa
from alembic import op

from shared.tables import create_kernel_tables

revision = "0001"
down_revision = None

_time = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_kernel_tables(op)
    _create_projections()
    op.create_table(
        "certificates",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("code", sa.String, nullable=False, unique=True),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("course_id", sa.Uuid, nullable=False, index=True),
        sa.Column("learner_name", sa.String, nullable=False),
        sa.Column("course_title", sa.String, nullable=False),
        sa.Column("completed_at", _time, nullable=False),
        sa.Column("issued_at", _time, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("revoked_at", _time),
        sa.Column("revocation_reason", sa.String),
        sa.Column("withdrawal_reason", sa.String),
        sa.Column("pdf_key", sa.String),
        sa.Column("pdf_sha256", sa.String),
        sa.UniqueConstraint("user_id", "course_id"),
        sa.CheckConstraint("status IN ('valid', 'revoked')", name="status"),
        sa.CheckConstraint("(status = 'revoked') = (revocation_reason IS NOT NULL)", name="reason"),
        sa.CheckConstraint("(pdf_key IS NULL) = (pdf_sha256 IS NULL)", name="pdf"),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("certificate_id", sa.Uuid, sa.ForeignKey("certificates.id"), nullable=False, index=True),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("actor_id", sa.Uuid, nullable=False),
        sa.Column("session_id", sa.String, nullable=False),
        sa.Column("decided_at", _time, nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("action IN ('revoke', 'restore')", name="action"),
    )
    # An audit trail that the audited process can rewrite is none.
    op.execute("REVOKE UPDATE, DELETE ON decisions FROM certificates_app")


def _create_projections() -> None:
    op.create_table(
        "learners",
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
    )
    op.create_table(
        "courses",
        sa.Column("course_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("slug", sa.String, nullable=False),
    )
    op.create_table(
        "enrollments",
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("course_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
    )
