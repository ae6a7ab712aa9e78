"""What an order went through, and where others do not agree with us."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.declarative import Base


class OrderStep(Base):
    """Something that happened to an order, when. `id` grows in the order in which an order's steps were noted."""

    __tablename__ = "order_steps"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    step: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (Index("ix_order_steps_order_id_id", "order_id", "id"),)


class Enrollment(Base):
    """Projection of catalog's enrollments: what our orders came to. `version` is the newest event's."""

    __tablename__ = "enrollments"

    enrollment_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    user_id: Mapped[UUID]
    course_id: Mapped[UUID]
    order_id: Mapped[UUID | None]
    active: Mapped[bool]
    heard_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("ix_enrollments_user_id_course_id", "user_id", "course_id"),)


class Certificate(Base):
    """Projection of certificates: whether a learner's for a course is valid. `version` is the newest event's."""

    __tablename__ = "certificates"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    course_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    valid: Mapped[bool]


class Mismatch(Base):
    """Something on which Stripe, our orders or catalog do not agree: since when, why, and whose matter it is."""

    __tablename__ = "mismatches"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str]
    subject: Mapped[str]
    cause: Mapped[str]
    owner: Mapped[str]
    found_at: Mapped[datetime] = mapped_column(server_default=func.now())
    resolved_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_mismatches_open", "kind", "subject", unique=True, postgresql_where=text("resolved_at IS NULL")),
    )


class PullCursor(Base):
    """Until when a provider's list was read."""

    __tablename__ = "pull_cursors"

    name: Mapped[str] = mapped_column(primary_key=True)
    read_until: Mapped[datetime]
