"""Users, sessions, refresh tokens, revocations, sign-in throttles, audit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from shared.tables import create_kernel_tables

revision = "0001"
down_revision = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_kernel_tables(op)
    _create_users()
    _create_sessions()
    _create_revocations()
    _create_sign_in_throttles()
    _create_audit()


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", UUID(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_normalized", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("roles", ARRAY(sa.Text()), nullable=False),
        sa.Column("status", sa.String(), nullable=False, server_default="active"),
        sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.Column("created_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email_normalized", name="uq_users_email_normalized"),
        sa.CheckConstraint("status IN ('active', 'suspended')", name=op.f("ck_users_status")),
    )


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", UUID(), nullable=False),
        sa.Column("user_id", UUID(), nullable=False),
        sa.Column("sid", UUID(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.Column("ip", sa.String(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_seen_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("sid", name="uq_sessions_sid"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id_users", ondelete="CASCADE"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "refresh_tokens",
        sa.Column("id", UUID(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", UUID(), nullable=False),
        sa.Column("parent_id", UUID()),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        sa.Column("replaced_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_refresh_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_refresh_tokens_token_hash"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name="fk_refresh_tokens_session_id_sessions", ondelete="CASCADE"
        ),
    )
    for column in ("session_id", "parent_id", "expires_at"):
        op.create_index(f"ix_refresh_tokens_{column}", "refresh_tokens", [column])


def _create_revocations() -> None:
    op.create_table(
        "revocations",
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("before", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_revocations"),
        sa.CheckConstraint("kind IN ('sid', 'jti', 'user_before')", name=op.f("ck_revocations_kind")),
    )
    op.create_index("ix_revocations_kind_value", "revocations", ["kind", "value"])
    op.create_index("ix_revocations_expires_at", "revocations", ["expires_at"])
    counter = op.create_table(
        "revocation_counter",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_revocation_counter"),
        sa.CheckConstraint("id = 1", name=op.f("ck_revocation_counter_one_row")),
    )
    op.bulk_insert(counter, [{"id": 1, "last_seq": 0}])


def _create_sign_in_throttles() -> None:
    op.create_table(
        "sign_in_throttles",
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("blocked_until", TIME),
        sa.Column("last_attempt_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("address_hash", name="pk_sign_in_throttles"),
    )
    op.create_index("ix_sign_in_throttles_last_attempt_at", "sign_in_throttles", ["last_attempt_at"])


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", TIME, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("actor_id", UUID()),
        sa.Column("session_id", sa.String()),
        sa.Column("object_id", UUID()),
        sa.Column("ip", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("details", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_actor_id", "audit", ["actor_id"])
    op.create_index("ix_audit_object_id", "audit", ["object_id"])
    # What is written here stays: the running service may add and read, nothing else.
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON audit FROM identity_app")
