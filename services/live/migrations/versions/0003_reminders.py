"""Live sessions remember the start that their learners were reminded of."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("live_sessions", sa.Column("reminded_of", sa.DateTime(timezone=True)))
