"""What people say of themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for name, default in (("headline", ""), ("bio", ""), ("locale", "en"), ("time_zone", "UTC")):
        op.add_column("users", sa.Column(name, sa.String(), nullable=False, server_default=default))
