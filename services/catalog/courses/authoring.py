"""Creating courses and changing what is said about them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.catalog.courses.models import DRAFT, Course, Price
from services.catalog.courses.ownership import lock_own_course
from services.catalog.courses.publishing import changed_fields, record_change
from services.catalog.courses.rendering import render_markdown
from services.catalog.courses.searching import search_values
from services.catalog.courses.slugs import slug_candidates
from services.catalog.visitors import Visitor
from shared import limits
from shared.errors import Conflict
from shared.limits import Limit
from shared.preconditions import Expected

NEW_COURSES = Limit("new-courses", "new courses", 200, "account", timedelta(days=1), "Change the drafts you have.")
# What other services show or sell; the rest is ours alone.
TOLD_FIELDS = frozenset({"title", "price"})


class SlugTaken(Conflict):
    slug, title = "slug-taken", "No free address was found for this title"
    detail = "Choose another title."


class TooManyCourses(Conflict):
    slug, title = "too-many-courses", "You have as many courses as one instructor may have"
    detail = "Change one that you have, or ask an administrator for room for more."


class Money(Protocol):
    """An amount in minor units of a currency (ISO 4217)."""

    amount: int
    currency: str


@dataclass(frozen=True)
class Description:
    """What a course says about itself. `description` is Markdown."""

    title: str
    summary: str
    description: str
    language: str
    price: Money


def create_course(session: Session, instructor_id: UUID, about: Description, at_most: int) -> Course:
    """A new draft of an instructor who then has `at_most` courses. Its slug is made from the title, once: links to a
    course must not break when it is renamed. Raises LimitReached, TooManyCourses, SlugTaken."""
    # Also the lock under which the instructor's courses are counted.
    limits.use(session, NEW_COURSES, instructor_id)
    mine = select(func.count()).select_from(Course).where(Course.instructor_id == instructor_id)
    if session.scalars(mine).one() >= at_most:
        raise TooManyCourses
    now = datetime.now(UTC)
    values = {
        "id": uuid7(),
        "title": about.title,
        "summary": about.summary,
        "description": about.description,
        "description_html": render_markdown(about.description),
        "language": about.language,
        "price_amount": about.price.amount,
        "price_currency": about.price.currency,
        "instructor_id": instructor_id,
        "status": DRAFT,
        "version": 1,
        "lesson_count": 0,
        "created_at": now,
        "updated_at": now,
        **search_values(about.title, about.summary),
    }
    for slug in slug_candidates(about.title):
        statement = insert(Course).values(**values, slug=slug)
        unless_taken = statement.on_conflict_do_nothing(index_elements=["slug"])
        if course_id := session.scalar(unless_taken.returning(Course.id)):
            return session.get_one(Course, course_id)
    raise SlugTaken


def edit_course(
    session: Session, course_id: UUID, visitor: Visitor, changes: dict[str, Any], expected: Expected
) -> Course:
    """The course after the changes (fields of Description). No difference, no new version."""
    description_html = render_markdown(changes.get("description", ""))
    course = lock_own_course(session, course_id, visitor)
    expected.check(course.version)
    if "price" in changes:
        changes = {**changes, "price": Price(changes["price"].amount, changes["price"].currency)}
    changed = changed_fields(course, changes)
    for name in changed:
        setattr(course, name, changes[name])
    if "description" in changed:
        course.description_html = description_html
    if changed & {"title", "summary"}:
        for name, value in search_values(course.title, course.summary).items():
            setattr(course, name, value)
    if changed:
        record_change(session, course, visible=bool(changed & TOLD_FIELDS))
    return course
