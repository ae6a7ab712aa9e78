"""Tables of the certificates service."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.database import COLUMN_TYPES, new_metadata


class Base(DeclarativeBase):
    """Parent of this service's tables."""

    metadata = new_metadata()
    type_annotation_map = COLUMN_TYPES


class Learner(Base):
    """Projection of identity's users: what to call them. `version` is the newest event's."""

    __tablename__ = "learners"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    name: Mapped[str]


class Course(Base):
    """Projection of catalog's courses: where a certificate's course is found today."""

    __tablename__ = "courses"

    course_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    slug: Mapped[str]


class Enrollment(Base):
    """Projection of catalog's enrollments: whether the learner's access stands.

    Its row is locked by everything that issues or settles the certificate of this learner and course, so that an
    access that ends while a certificate is being issued cannot be missed. `version` 0: nothing is known yet.
    """

    __tablename__ = "enrollments"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    course_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    active: Mapped[bool]
    reason: Mapped[str]


class Certificate(Base):
    """One per learner and course. Name, title and times are as they were when it was issued.

    `status` and `revocation_reason` are derived (standing.py) from the enrollment and from `withdrawal_reason`, which
    is set while an administrator's withdrawal is in force. `pdf_*` is null until the first download.
    """

    __tablename__ = "certificates"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    code: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[UUID]
    course_id: Mapped[UUID] = mapped_column(index=True)
    learner_name: Mapped[str]
    course_title: Mapped[str]
    completed_at: Mapped[datetime]
    issued_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(default="valid")
    revoked_at: Mapped[datetime | None]
    revocation_reason: Mapped[str | None]
    withdrawal_reason: Mapped[str | None]
    pdf_key: Mapped[str | None]
    pdf_sha256: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("user_id", "course_id"),
        CheckConstraint("status IN ('valid', 'revoked')", name="status"),
        CheckConstraint("(status = 'revoked') = (revocation_reason IS NOT NULL)", name="reason"),
        CheckConstraint("(pdf_key IS NULL) = (pdf_sha256 IS NULL)", name="pdf"),
    )


class Decision(Base):
    """An administrator's act on a certificate. The service may add rows, not change them."""

    __tablename__ = "decisions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.id"), index=True)
    action: Mapped[str]
    reason: Mapped[str]
    actor_id: Mapped[UUID]
    session_id: Mapped[str]
    decided_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (CheckConstraint("action IN ('revoke', 'restore')", name="action"),)
