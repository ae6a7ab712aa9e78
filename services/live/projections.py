"""What live knows of other services, merged from their events in any order: the highest version wins."""

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.live.models import Course, Grant
from shared.events import CourseArchived, CoursePublished, CourseUpdated, EnrollmentGranted, EnrollmentRevoked


def merge_course(session: Session, event: CoursePublished | CourseUpdated | CourseArchived) -> None:
    """Keeps the course as of its newest event."""
    values = {
        "course_id": event.course_id,
        "version": event.version,
        "title": event.title,
        "instructor_id": event.instructor_id,
        "archived": isinstance(event, CourseArchived),
    }
    _merge(session, Course, "course_id", values)


def merge_grant(session: Session, event: EnrollmentGranted | EnrollmentRevoked) -> None:
    """Keeps whether the learner may join as of the enrollment's newest event."""
    values = {
        "enrollment_id": event.enrollment_id,
        "version": event.version,
        "user_id": event.user_id,
        "course_id": event.course_id,
        "active": event.active,
    }
    _merge(session, Grant, "enrollment_id", values)


def _merge(session: Session, model: type[Course] | type[Grant], key: str, values: dict[str, Any]) -> None:
    statement = insert(model).values(**values)
    newer = statement.on_conflict_do_update(
        index_elements=[key],
        set_={name: statement.excluded[name] for name in values if name != key},
        where=statement.excluded.version > model.version,
    )
    session.execute(newer)


def find_course(session: Session, course_id: UUID) -> Course | None:
    """The course, None when no published one is known."""
    return session.get(Course, course_id)
