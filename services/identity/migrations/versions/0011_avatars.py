"""Pictures of people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision = "0011"
down_revision = "0010"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "avatar_files",
        sa.Column("id", UUID(), nullable=False),
        sa.Column("created_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("stored_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_avatar_files"),
    )
    op.add_column("users", sa.Column("avatar_id", UUID()))
    op.create_unique_constraint("uq_users_avatar_id", "users", ["avatar_id"])
