"""Tables of the notifications service."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.database import COLUMN_TYPES, new_metadata

JsonObject = dict[str, str]
# The recipient of a mail that ended long ago (housekeeping.py).
FORGOTTEN = ""


class Base(DeclarativeBase):
    """Parent of this service's tables."""

    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES | {JsonObject: JSONB}


class Person(Base):
    """Projection of identity's users. Profile and status have a version each: not every event carries both.
    `email` and `name` are null while only a suspension has been heard, and once the person is `erased`.
    `course_mails` is the person's own choice; `unsubscribe_token` is in the link of a mail that ends them."""

    __tablename__ = "people"
    __table_args__ = (Index("uq_people_unsubscribe_token", "unsubscribe_token", unique=True),)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str | None]
    name: Mapped[str | None]
    profile_version: Mapped[int]
    suspended: Mapped[bool]
    status_version: Mapped[int]
    erased: Mapped[bool] = mapped_column(server_default=text("false"))
    locale: Mapped[str] = mapped_column(server_default="en")
    time_zone: Mapped[str] = mapped_column(server_default="UTC")
    course_mails: Mapped[bool] = mapped_column(server_default=text("true"))
    unsubscribe_token: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))


class Course(Base):
    """Projection of catalog's published courses. `version` is the newest event's."""

    __tablename__ = "courses"

    course_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    title: Mapped[str]
    slug: Mapped[str]
    instructor_id: Mapped[UUID]
    archived: Mapped[bool]


class Enrollment(Base):
    """Projection of catalog's enrollments: who gets a course's news. `version` is the newest event's."""

    __tablename__ = "enrollments"

    enrollment_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    user_id: Mapped[UUID]
    course_id: Mapped[UUID]
    active: Mapped[bool]

    __table_args__ = (
        Index("ix_enrollments_course_id_user_id", "course_id", "user_id", postgresql_where=text("active")),
    )


class HeardVersion(Base):
    """The newest version heard of an order, a certificate or a live session: older news of it is no news."""

    __tablename__ = "heard_versions"

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]


class Message(Base):
    """In-app: what the bell shows. `link` is a path of the front end. Ids are time-ordered."""

    __tablename__ = "messages"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[UUID]
    kind: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    link: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    read_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_messages_user_id_id", "user_id", "id"),
        Index("ix_messages_unread", "user_id", "id", postgresql_where=text("read_at IS NULL")),
    )


class Delivery(Base):
    """One mail to one person. `next_attempt_at` is when a queued mail is due and when a sending one's lease ends.
    `context` is what its template is rendered with; it is forgotten once the mail is sent. The `recipient` of one that
    ended long ago is FORGOTTEN."""

    __tablename__ = "deliveries"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[UUID]
    kind: Mapped[str]
    recipient: Mapped[str]
    subject: Mapped[str]
    context: Mapped[JsonObject]
    is_bulk: Mapped[bool]
    state: Mapped[str] = mapped_column(server_default="queued")
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=func.now())
    message_id: Mapped[str | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state IN ('queued', 'sending', 'sent', 'failed')", name="state"),
        # Someone waits for a reset link; nobody for the ten-thousandth announcement.
        Index(
            "ix_deliveries_due", "is_bulk", "next_attempt_at", postgresql_where=text("state IN ('queued', 'sending')")
        ),
        Index("ix_deliveries_recipient", func.lower(text("recipient")), "id"),
        Index("ix_deliveries_state_id", "state", "id"),
        # What is forgotten leaves it.
        Index(
            "ix_deliveries_ended",
            func.coalesce(text("sent_at"), text("next_attempt_at")),
            postgresql_where=text("state IN ('sent', 'failed') AND recipient <> ''"),
        ),
    )


class Broadcast(Base):
    """News for everybody in a course, handed out in chunks; `after_user_id` is how far it has come."""

    __tablename__ = "broadcasts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    fact: Mapped[str]
    course_id: Mapped[UUID]
    link: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    context: Mapped[JsonObject]
    after_user_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    done_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("kind", "fact"),
        Index("ix_broadcasts_open", "id", postgresql_where=text("done_at IS NULL")),
    )
