"""Whether a person gets mails about courses, and the token of the link that ends them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("people", sa.Column("course_mails", sa.Boolean(), nullable=False, server_default=sa.true()))
    random = sa.text("gen_random_uuid()")
    op.add_column("people", sa.Column("unsubscribe_token", sa.Uuid(), nullable=False, server_default=random))
    op.create_index("uq_people_unsubscribe_token", "people", ["unsubscribe_token"], unique=True)
