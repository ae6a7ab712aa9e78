"""Identity's tables."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.database import COLUMN_TYPES, new_metadata


class Base(DeclarativeBase):
    """Parent of identity's tables."""

    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES


class User(Base):
    """An account. `email` is as the person gave it, `email_normalized` is what makes it unique (emails.py)."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("status IN ('active', 'suspended', 'erased')", name="status"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    email_normalized: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    status: Mapped[str] = mapped_column(server_default="active")
    headline: Mapped[str] = mapped_column(server_default="")
    bio: Mapped[str] = mapped_column(server_default="")
    locale: Mapped[str] = mapped_column(server_default="en")
    time_zone: Mapped[str] = mapped_column(server_default="UTC")
    avatar_id: Mapped[UUID | None] = mapped_column(unique=True)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class UserSession(Base):
    """One sign-in on one device: the family of its refresh tokens.

    Access tokens carry `sid`, not `id`: a role change gives the session a new sid and revokes the old one, so the
    tokens with the old powers die while the person stays signed in. `impersonator_id` is the administrator who acts in
    the account's name; such a session is short and the person did not start it. `factors` are how its person signed in
    (authentications.py), `authenticated_at` is when.
    """

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    sid: Mapped[UUID] = mapped_column(unique=True)
    impersonator_id: Mapped[UUID | None] = mapped_column(index=True)
    user_agent: Mapped[str]
    ip: Mapped[str]
    authenticated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    factors: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]


class RefreshToken(Base):
    """One link of a session's chain, stored as a SHA-256 hash. `used_at` is set when it was spent or replaced."""

    __tablename__ = "refresh_tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    # No foreign key: the parent expires, and is deleted, before its child.
    parent_id: Mapped[UUID | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime | None]


class Revocation(Base):
    """One entry of the feed that every service pulls; `before` and `expires_at` are Unix seconds, as on the wire."""

    __tablename__ = "revocations"
    __table_args__ = (
        CheckConstraint("kind IN ('sid', 'jti', 'user_before')", name="kind"),
        Index("ix_revocations_kind_value", "kind", "value"),
    )

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    value: Mapped[str]
    before: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)


class RevocationCounter(Base):
    """One row. A sequence would not do: its numbers are not in commit order, and a reader would skip late commits."""

    __tablename__ = "revocation_counter"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_seq: Mapped[int] = mapped_column(BigInteger)


class SignInThrottle(Base):
    """Failed sign-ins of one guesser (throttle.py)."""

    __tablename__ = "sign_in_throttles"

    key_hash: Mapped[bytes] = mapped_column("address_hash", primary_key=True)
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    blocked_until: Mapped[datetime | None]
    last_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
