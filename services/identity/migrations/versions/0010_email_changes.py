"""Links that confirm another address."""

from alembic import op

revision = "0010"
down_revision = "0009"

NAME = "ck_mail_links_purpose"


def upgrade() -> None:
    op.drop_constraint(op.f(NAME), "mail_links", type_="check")
    op.create_check_constraint(
        op.f(NAME), "mail_links", "purpose IN ('registration', 'password_reset', 'email_change')"
    )
