"""How many of a course's lessons a buyer has read or completed: what limits the return of the course."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "lessons_used",
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("course_id", sa.Uuid, primary_key=True),
        sa.Column("lesson_id", sa.Uuid, primary_key=True),
    )
    # 0 in both: only the percentage is known.
    op.add_column("progress", sa.Column("completed", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("progress", sa.Column("lesson_count", sa.BigInteger, nullable=False, server_default="0"))
