"""What live knows of other services, merged from their events in any order: the highest version wins."""

from typing import Any
from uuid import UUID

from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.live.models import Course, Grant
from shared.events import CourseArchived, CoursePublished, CourseUpdated, EnrollmentGranted, EnrollmentRevoked
from shared.prepared import hot
from shared.transactions import later


def _newest(model: type[Course] | type[Grant], key: str) -> Executable:
    """Keeps the row of the highest version."""
    table: Any = model.__table__
    statement = insert(table)
    others = {column.name: statement.excluded[column.name] for column in table.columns if column.name != key}
    newer = statement.excluded.version > model.version
    return later(hot(statement.on_conflict_do_update(index_elements=[key], set_=others, where=newer)))


_MERGE_COURSE = _newest(Course, "course_id")
_MERGE_GRANT = _newest(Grant, "enrollment_id")


def merge_course(session: Session, event: CoursePublished | CourseUpdated | CourseArchived) -> None:
    """Keeps the course as of its newest event."""
    values = {
        "course_id": event.course_id,
        "version": event.version,
        "title": event.title,
        "instructor_id": event.instructor_id,
        "archived": isinstance(event, CourseArchived),
    }
    session.execute(_MERGE_COURSE, values)


def merge_grant(session: Session, event: EnrollmentGranted | EnrollmentRevoked) -> None:
    """Keeps whether the learner may join as of the enrollment's newest event."""
    values = {
        "enrollment_id": event.enrollment_id,
        "version": event.version,
        "user_id": event.user_id,
        "course_id": event.course_id,
        "active": event.active,
    }
    session.execute(_MERGE_GRANT, values)


def find_course(session: Session, course_id: UUID) -> Course | None:
    """The course, None when no published one is known."""
    return session.get(Course, course_id)
