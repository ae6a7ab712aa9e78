"""Acts become entries of an audit log as identity keeps it: with their origin, and sealed."""

from alembic import op

from shared.auditing.tables import create_audit

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    create_audit(op)
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON audit, audit_seals FROM billing_app")
    op.execute(
        "INSERT INTO audit (at, action, actor_id, session_id, object_id, ip, user_agent, request_id, details)"
        " SELECT acted_at, action, actor_id, session_id, subject::uuid, '', '', '', details FROM acts ORDER BY id"
    )
    # `acts` stays for processes of the release before, and goes with a later one.
