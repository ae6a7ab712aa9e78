"""Courses and who is in them: catalog's facts, merged from their events in any order."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.notifications.models import Course, Enrollment, Person
from shared.events import CourseArchived, CoursePublished, CourseUpdated, EnrollmentGranted, EnrollmentRevoked


def merge_course(session: Session, event: CoursePublished | CourseUpdated | CourseArchived) -> None:
    """Keeps the course as of its newest event."""
    values = {
        "course_id": event.course_id,
        "version": event.version,
        "title": event.title,
        "slug": event.slug,
        "instructor_id": event.instructor_id,
        "archived": isinstance(event, CourseArchived),
    }
    statement = insert(Course).values(**values)
    newer = statement.on_conflict_do_update(
        index_elements=["course_id"],
        set_={name: statement.excluded[name] for name in values if name != "course_id"},
        where=statement.excluded.version > Course.version,
    )
    session.execute(newer)


def course_link(session: Session, course_id: UUID) -> str:
    """The course's path in the front end: by its slug when it is known, else by its id."""
    slug = session.scalar(select(Course.slug).where(Course.course_id == course_id))
    return f"/courses/{slug or course_id}"


def merge_enrollment(session: Session, event: EnrollmentGranted | EnrollmentRevoked) -> bool:
    """Keeps the learner's access as of the newest event. Returns True when this event changed it, which is news."""
    outside = {
        "enrollment_id": event.enrollment_id,
        "version": 0,
        "user_id": event.user_id,
        "course_id": event.course_id,
        "active": False,
    }
    session.execute(insert(Enrollment).values(**outside).on_conflict_do_nothing())
    of_event = select(Enrollment).where(Enrollment.enrollment_id == event.enrollment_id)
    enrollment = session.scalars(of_event.with_for_update()).one()
    if event.version <= enrollment.version:
        return False
    changed = enrollment.active != event.active
    enrollment.version, enrollment.active = event.version, event.active
    return changed


def list_learners(session: Session, course_id: UUID, after: UUID | None, limit: int) -> Sequence[Person]:
    """The people in the course by id, the suspended left out."""
    statement = (
        select(Person)
        .join(Enrollment, Enrollment.user_id == Person.user_id)
        .where(Enrollment.course_id == course_id, Enrollment.active, ~Person.suspended, Person.email.is_not(None))
        .order_by(Person.user_id)
        .limit(limit)
    )
    if after:
        statement = statement.where(Enrollment.user_id > after)
    return session.scalars(statement).all()
