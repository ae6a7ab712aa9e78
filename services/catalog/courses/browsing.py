"""Finding and looking at courses."""

import re
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, literal_column, select, tuple_
from sqlalchemy.orm import Session, defer

from services.catalog.courses.models import PUBLISHED, Course
from services.catalog.courses.ownership import CourseNotFound
from services.catalog.courses.slugs import find_uuid, is_slug
from services.catalog.learning.models import Enrollment
from services.catalog.visitors import Visitor
from shared.pagination import PageRequest, cut_page, sort_key

MAX_WORDS = 8
Courses = tuple[list[Course], str | None]


def list_published(session: Session, query: str, page: PageRequest) -> Courses:
    """A page of the courses for sale, newest first; `query`: beginnings of words of title or summary, all of them."""
    statement = _cards().where(Course.status == literal_column("'published'"))
    if query:
        statement = statement.where(_matches(query))
    if after := sort_key(page, datetime, UUID):
        statement = statement.where(tuple_(Course.published_at, Course.id) < after)
    statement = statement.order_by(Course.published_at.desc(), Course.id.desc()).limit(page.limit + 1)
    return cut_page(session.scalars(statement).all(), page, lambda course: [course.published_at, course.id])


def list_teaching(session: Session, instructor_id: UUID, page: PageRequest) -> Courses:
    """A page of the instructor's own courses in all states, newest first."""
    return _newest(session, _cards().where(Course.instructor_id == instructor_id), page)


def list_all(session: Session, status: str | None, query: str, page: PageRequest) -> Courses:
    """A page of everybody's courses, newest first; for administrators."""
    statement = _cards()
    if status:
        statement = statement.where(Course.status == status)
    if query:
        statement = statement.where(_matches(query))
    return _newest(session, statement, page)


def get_course(session: Session, address: str, visitor: Visitor) -> Course:
    """A course by id or slug. Drafts exist for their instructor only, archived ones for their learners too.

    Raises CourseNotFound.
    """
    course_id = find_uuid(address)
    if course_id is None and not is_slug(address):
        raise CourseNotFound
    found_by = Course.id == course_id if course_id else Course.slug == address
    course: Course | None = session.scalar(select(Course).where(found_by))
    if course is None or not _may_see(session, course, visitor):
        raise CourseNotFound
    return course


def _cards() -> Select[Course]:
    # A list shows no descriptions; reading one that was not loaded fails loudly instead of costing a query per row.
    return select(Course).options(
        defer(Course.description, raiseload=True), defer(Course.description_html, raiseload=True)
    )


def _newest(session: Session, statement: Select[Course], page: PageRequest) -> Courses:
    if after := sort_key(page, UUID):
        statement = statement.where(Course.id < after[0])
    rows = session.scalars(statement.order_by(Course.id.desc()).limit(page.limit + 1)).all()
    return cut_page(rows, page, lambda course: [course.id])


def _matches(query: str) -> ColumnElement[bool]:
    words = re.findall(r"\w+", query)[:MAX_WORDS]
    # Only word characters get here, so nothing in them is an operator to to_tsquery.
    prefixes = " & ".join(f"'{word}':*" for word in words)
    return Course.search.bool_op("@@")(func.to_tsquery(literal_column("'simple'"), prefixes))


def _may_see(session: Session, course: Course, visitor: Visitor) -> bool:
    if course.status == PUBLISHED or visitor.owns(course.instructor_id):
        return True
    if visitor.user_id is None:
        return False
    enrolled = exists().where(
        Enrollment.course_id == course.id, Enrollment.user_id == visitor.user_id, Enrollment.active
    )
    return bool(session.scalar(select(enrolled)))
