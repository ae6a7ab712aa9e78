"""Which lessons of a bought course its learner has read, each once."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "lesson_openings",
        sa.Column("enrollment_id", sa.Uuid, nullable=False),
        sa.Column("lesson_id", sa.Uuid, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("enrollment_id", "lesson_id", name="pk_lesson_openings"),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollments.id"], name="fk_lesson_openings_enrollment_id_enrollments"
        ),
        sa.ForeignKeyConstraint(
            ["lesson_id"], ["lessons.id"], name="fk_lesson_openings_lesson_id_lessons", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_lesson_openings_lesson_id", "lesson_openings", ["lesson_id"])
