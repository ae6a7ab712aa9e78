"""Exports and erasures of persons."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision = "0005"
down_revision = "0004"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.drop_constraint(op.f("ck_users_status"), "users")
    op.create_check_constraint(op.f("ck_users_status"), "users", "status IN ('active', 'suspended', 'erased')")
    _create_exports()
    _create_erasures()


def _create_exports() -> None:
    op.create_table(
        "person_exports",
        sa.Column("id", UUID(), nullable=False),
        sa.Column("user_id", UUID(), nullable=False),
        sa.Column("requested_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("ready_at", TIME),
        sa.Column("token_hash", sa.LargeBinary()),
        sa.Column("expires_at", TIME),
        sa.Column("fetched_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_person_exports"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_person_exports_user_id_users", ondelete="CASCADE"),
    )
    op.create_index("ix_person_exports_user_id", "person_exports", ["user_id"])
    op.create_index("ix_person_exports_requested_at", "person_exports", ["requested_at"])
    op.create_index(
        "uq_person_exports_gathering",
        "person_exports",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("ready_at IS NULL"),
    )
    op.create_table(
        "export_parts",
        sa.Column("export_id", UUID(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("export_id", "service", "part", name="pk_export_parts"),
        sa.ForeignKeyConstraint(
            ["export_id"], ["person_exports.id"], name="fk_export_parts_export_id_person_exports", ondelete="CASCADE"
        ),
    )


def _create_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", UUID(), nullable=False),
        sa.Column("user_id", UUID(), nullable=False),
        sa.Column("requested_by", UUID()),
        sa.Column("requested_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("asked_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
        sa.UniqueConstraint("user_id", name="uq_erasures_user_id"),
    )
    op.create_table(
        "erasure_receipts",
        sa.Column("erasure_id", UUID(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("counts", JSONB(), nullable=False),
        sa.Column("received_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("erasure_id", "service", name="pk_erasure_receipts"),
        sa.ForeignKeyConstraint(["erasure_id"], ["erasures.id"], name="fk_erasure_receipts_erasure_id_erasures"),
    )
