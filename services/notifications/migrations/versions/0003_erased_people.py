"""People who were erased are told nothing any more."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("people", sa.Column("erased", sa.Boolean(), nullable=False, server_default=sa.text("false")))
