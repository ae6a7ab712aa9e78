"""How often something was done by an account, a course, a mailbox or a network in the present hour or day."""

from alembic import op

from shared.tables import create_limit_counts

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    create_limit_counts(op)
