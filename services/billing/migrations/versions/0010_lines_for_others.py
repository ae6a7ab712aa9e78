"""Order lines say whom they are for and how many of what; what is there already is one course for the buyer."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("order_lines", sa.Column("kind", sa.String, nullable=False, server_default="course"))
    op.add_column("order_lines", sa.Column("recipient_id", sa.Uuid))
    op.add_column("order_lines", sa.Column("quantity", sa.BigInteger, nullable=False, server_default="1"))
    op.create_check_constraint(op.f("ck_order_lines_kind"), "order_lines", "kind IN ('course')")
    op.create_check_constraint(op.f("ck_order_lines_quantity"), "order_lines", "quantity >= 1")
    named = sa.text("recipient_id IS NOT NULL")
    op.create_index("ix_order_lines_recipient_id", "order_lines", ["recipient_id"], postgresql_where=named)
