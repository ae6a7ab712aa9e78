"""Which key a secret of an authenticator app is encrypted with; null is plain, and the worker encrypts it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("totp_secrets", sa.Column("key_id", sa.String()))
