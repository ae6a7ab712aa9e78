"""When and by which factors the person of a session signed in.

Of the sessions that exist the factors are unknown: an empty list, which never counts as a second factor. The defaults
are for the release before, which still begins sessions while this one starts.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    none = sa.text("'{}'")
    op.add_column("sessions", sa.Column("factors", ARRAY(sa.Text()), nullable=False, server_default=none))
    now, time = sa.text("now()"), sa.DateTime(timezone=True)
    op.add_column("sessions", sa.Column("authenticated_at", time, nullable=False, server_default=now))
    op.execute("UPDATE sessions SET authenticated_at = created_at")
