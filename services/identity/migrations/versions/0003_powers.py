"""Instructor applications, sealed audit, impersonation."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision = "0003"
down_revision = "0002"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("sessions", sa.Column("impersonator_id", UUID()))
    op.create_index("ix_sessions_impersonator_id", "sessions", ["impersonator_id"])
    op.add_column("audit", sa.Column("impersonator_id", UUID()))
    op.create_table(
        "audit_seals",
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_seals"),
        sa.UniqueConstraint("entry_id", name="uq_audit_seals_entry_id"),
    )
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON audit_seals FROM identity_app")
    op.create_table(
        "instructor_applications",
        sa.Column("id", UUID(), nullable=False),
        sa.Column("user_id", UUID(), nullable=False),
        sa.Column("motivation", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False, server_default="pending"),
        sa.Column("reason", sa.String(), nullable=False, server_default=""),
        sa.Column("decided_by", UUID()),
        sa.Column("created_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("decided_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_instructor_applications"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_instructor_applications_user_id_users", ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'approved', 'rejected')", name=op.f("ck_instructor_applications_status")
        ),
    )
    op.create_index("ix_instructor_applications_user_id", "instructor_applications", ["user_id"])
    op.create_index(
        "uq_instructor_applications_pending",
        "instructor_applications",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("status = 'pending'"),
    )
