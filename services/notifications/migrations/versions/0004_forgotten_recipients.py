"""Mails that ended and still have an address are found by when they ended.

Only an index: the release before works on it as it did. It shows an address that was forgotten as the empty text, and a
mail without one that it is told to retry fails before anything is sent, because what was in it is gone, too. Writing
to `deliveries` waits while the index is built. Not CONCURRENTLY: that would wait for those who wait for this migration.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    ended_at = sa.func.coalesce(sa.text("sent_at"), sa.text("next_attempt_at"))
    known = sa.text("state IN ('sent', 'failed') AND recipient <> ''")
    op.create_index("ix_deliveries_ended", "deliveries", [ended_at], postgresql_where=known)
