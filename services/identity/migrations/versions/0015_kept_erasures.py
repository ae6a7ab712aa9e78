"""Whether the id of an erased person is stored with the files, where a restore of the database does not lose it."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("erasures", sa.Column("id_kept", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_erasures_id_not_kept", "erasures", ["id"], postgresql_where=sa.text("NOT id_kept"))
