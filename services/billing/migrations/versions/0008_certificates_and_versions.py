"""Certificates as billing hears of them, when a course was completed, versions of prices."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_time = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "certificates",
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("course_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("valid", sa.Boolean, nullable=False),
    )
    op.add_column("progress", sa.Column("completed_at", _time))
    op.add_column("prices", sa.Column("version", sa.BigInteger, nullable=False, server_default="1"))
