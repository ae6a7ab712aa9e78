"""Tables of access to courses and of progress in them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.models import Base


class Enrollment(Base):
    """One learner in one course. `active` iff at least one of its grants is; `version` grows with every event of it.

    Its row is the lock under which grants and completions of this learner in this course change.
    """

    __tablename__ = "enrollments"
    __table_args__ = (
        UniqueConstraint("user_id", "course_id"),
        Index("ix_enrollments_course_id", "course_id"),
        Index("ix_enrollments_mine", "user_id", "enrolled_at", "id", postgresql_where=text("active")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"))
    active: Mapped[bool]
    version: Mapped[int]
    enrolled_at: Mapped[datetime | None]


class Grant(Base):
    """One reason for access: an order, which may give several enrollments theirs, or a free enrollment (no order).

    Facts as they arrive, in any order; `status` is computed from them (grants.status_of) and from nothing else.
    `disputes` maps a dispute's id to open, won or lost; `refund_version` is the version of the order's last refund.
    """

    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'active', 'suspended', 'revoked')", name="status"),
        UniqueConstraint("order_id", "enrollment_id"),
        Index("ix_grants_enrollment_id", "enrollment_id"),
        # One free grant is enough, however often the button is pressed.
        Index("uq_grants_free", "enrollment_id", unique=True, postgresql_where=text("order_id IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"))
    order_id: Mapped[UUID | None]
    paid_at: Mapped[datetime | None]
    refunded_full: Mapped[bool]
    refund_version: Mapped[int]
    disputes: Mapped[dict[str, str]] = mapped_column(JSONB)
    status: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[datetime]


class LessonCompletion(Base):
    """A learner has completed a lesson."""

    __tablename__ = "lesson_completions"

    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"), primary_key=True)
    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True, index=True)
    completed_at: Mapped[datetime]


class LessonOpening(Base):
    """A learner who is enrolled by a purchase was given a lesson, or a file of it, for the first time."""

    __tablename__ = "lesson_openings"

    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"), primary_key=True)
    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True, index=True)
    opened_at: Mapped[datetime]


class CourseCompletion(Base):
    """A learner has completed the course: once, and for good, whatever lessons are added later."""

    __tablename__ = "course_completions"

    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"), primary_key=True)
    completed_at: Mapped[datetime]
