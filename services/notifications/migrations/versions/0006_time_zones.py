"""The language and time zone of each person, for the times in their mails."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for name, default in (("locale", "en"), ("time_zone", "UTC")):
        op.add_column("people", sa.Column(name, sa.String(), nullable=False, server_default=default))
