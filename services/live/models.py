"""Tables of the live service."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.database import COLUMN_TYPES, new_metadata


class Base(DeclarativeBase):
    """Parent of this service's tables."""

    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES


class Course(Base):
    """Projection of catalog's published courses. `version` is the newest event's."""

    __tablename__ = "courses"

    course_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    title: Mapped[str]
    instructor_id: Mapped[UUID]
    archived: Mapped[bool] = mapped_column(default=False)


class Grant(Base):
    """Projection of catalog's enrollments: who may join. `version` is the newest event's."""

    __tablename__ = "grants"

    enrollment_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    user_id: Mapped[UUID]
    course_id: Mapped[UUID]
    active: Mapped[bool]

    __table_args__ = (Index("ix_grants_user_id_course_id", "user_id", "course_id"),)


class LiveSession(Base):
    """A scheduled meeting of a course. Times are UTC, the duration is minutes."""

    __tablename__ = "live_sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.course_id"), index=True)
    host_id: Mapped[UUID]
    title: Mapped[str]
    description: Mapped[str]
    starts_at: Mapped[datetime]
    duration_minutes: Mapped[int]
    status: Mapped[str] = mapped_column(default="scheduled")
    room: Mapped[str]
    # The start that its learners were reminded of.
    reminded_of: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())

    __table_args__ = (
        CheckConstraint("status IN ('scheduled', 'cancelled')", name="status"),
        CheckConstraint("duration_minutes BETWEEN 5 AND 720", name="duration"),
        Index("ix_live_sessions_starts_at_id", "starts_at", "id"),
    )

    @property
    def ends_at(self) -> datetime:
        """Start plus duration."""
        return self.starts_at + timedelta(minutes=self.duration_minutes)


class Attendance(Base):
    """Who came, and when first."""

    __tablename__ = "attendances"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    live_session_id: Mapped[UUID] = mapped_column(ForeignKey("live_sessions.id"))
    user_id: Mapped[UUID]
    joined_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (UniqueConstraint("live_session_id", "user_id"),)
