"""From draft to published to archived, and telling the other services."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.catalog.courses.models import ARCHIVED, DRAFT, PUBLISHED, Course
from services.catalog.courses.ownership import lock_own_course
from services.catalog.visitors import Visitor
from shared import outbox
from shared.errors import Conflict
from shared.events import CourseArchived, CoursePublished, CourseUpdated


class CannotPublish(Conflict):
    slug, title = "cannot-publish", "This course is not ready to be published"


class CourseIsArchived(Conflict):
    slug, title = "course-archived", "This course is archived"
    detail = "An archived course stays readable for its learners but cannot be published again; create a new one."


def publish_course(session: Session, course_id: UUID, visitor: Visitor) -> Course:
    """The course, now for sale. Publishing a published one changes nothing.

    Raises CannotPublish with `missing`, CourseIsArchived, and what lock_own_course raises.
    """
    course = lock_own_course(session, course_id, visitor)
    if course.status == ARCHIVED:
        raise CourseIsArchived
    if course.status == PUBLISHED:
        return course
    if course.lesson_count == 0:
        raise CannotPublish("Add at least one lesson, then publish again.", missing=["lesson"])
    course.status = PUBLISHED
    course.published_at = datetime.now(UTC)
    record_change(session, course, visible=False)
    outbox.add(session, CoursePublished(**_facts(course)))
    return course


def archive_course(session: Session, course_id: UUID, visitor: Visitor) -> Course:
    """The course, out of the list and no longer for sale; who is enrolled keeps access. Safe to repeat."""
    course = lock_own_course(session, course_id, visitor)
    if course.status == ARCHIVED:
        return course
    was_draft = course.status == DRAFT
    course.status = ARCHIVED
    record_change(session, course, visible=False)
    # Nobody outside has heard of a draft.
    if not was_draft:
        outbox.add(session, CourseArchived(**_facts(course)))
    return course


def record_change(session: Session, course: Course, *, visible: bool) -> None:
    """Counts a change of a locked course. `visible` ones (title, price, outline) of a published course are told."""
    course.version += 1
    course.updated_at = datetime.now(UTC)
    session.flush()
    if visible and course.status == PUBLISHED:
        outbox.add(session, CourseUpdated(**_facts(course), lesson_count=course.lesson_count))


def changed_fields(thing: object, changes: dict[str, Any]) -> set[str]:
    """The names of those changes that differ from what the thing says now."""
    return {name for name, value in changes.items() if getattr(thing, name) != value}


def _facts(course: Course) -> dict[str, object]:
    return {
        "course_id": course.id,
        "version": course.version,
        "slug": course.slug,
        "title": course.title,
        "instructor_id": course.instructor_id,
        "price_amount": course.price.amount,
        "price_currency": course.price.currency,
    }
