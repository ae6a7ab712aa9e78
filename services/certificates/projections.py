"""What certificates knows of other services, merged from their events in any order: the highest version wins."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.certificates.models import Course, Enrollment, Learner
from shared.events import (
    CourseCompleted,
    CoursePublished,
    CourseUpdated,
    EnrollmentGranted,
    EnrollmentRevoked,
    UserRegistered,
    UserUpdated,
)


def merge_learner(session: Session, event: UserRegistered | UserUpdated) -> None:
    """Keeps the learner's name as of the newest event."""
    _merge(session, Learner, {"user_id": event.user_id}, {"version": event.version, "name": event.name})


def merge_course(session: Session, event: CoursePublished | CourseUpdated) -> None:
    """Keeps the course's slug as of the newest event. The title on a certificate is the completion's own."""
    _merge(session, Course, {"course_id": event.course_id}, {"version": event.version, "slug": event.slug})


def merge_enrollment(session: Session, event: EnrollmentGranted | EnrollmentRevoked) -> None:
    """Keeps whether the learner has access as of the newest event, and locks that row."""
    reason = event.reason if isinstance(event, EnrollmentRevoked) else ""
    values = {"version": event.version, "active": event.active, "reason": reason}
    _merge(session, Enrollment, {"user_id": event.user_id, "course_id": event.course_id}, values)


def lock_enrollment(session: Session, event: CourseCompleted) -> None:
    """Locks the enrollment's row; one that we know nothing of yet is taken as active: its learner just completed."""
    values = {"user_id": event.user_id, "course_id": event.course_id, "version": 0, "active": True, "reason": ""}
    session.execute(insert(Enrollment).values(**values).on_conflict_do_nothing())
    row = select(Enrollment.version).where(Enrollment.user_id == event.user_id, Enrollment.course_id == event.course_id)
    session.execute(row.with_for_update())


def find_name(session: Session, user_id: UUID) -> str | None:
    """The learner's name, None while UserRegistered has not arrived."""
    return session.scalar(select(Learner.name).where(Learner.user_id == user_id))


def _merge(
    session: Session,
    model: type[Learner] | type[Course] | type[Enrollment],
    key: dict[str, Any],
    values: dict[str, Any],
) -> None:
    statement = insert(model).values(**key, **values)
    newer = statement.on_conflict_do_update(
        index_elements=list(key),
        set_={name: statement.excluded[name] for name in values},
        where=statement.excluded.version > model.version,
    )
    session.execute(newer)
