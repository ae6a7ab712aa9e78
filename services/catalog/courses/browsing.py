"""Finding and looking at courses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Select,
    Uuid,
    bindparam,
    cast,
    exists,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session, defer

from services.catalog.courses.models import PUBLISHED, Course, Price
from services.catalog.courses.outline import OUTLINE
from services.catalog.courses.ownership import CourseNotFound
from services.catalog.courses.searching import query_of
from services.catalog.courses.slugs import find_uuid, is_slug
from services.catalog.learning.models import Enrollment
from services.catalog.visitors import Visitor
from shared.pagination import PageRequest, cut_page, sort_key
from shared.prepared import hot

Courses = tuple[list[Course], str | None]


@dataclass(frozen=True)
class Card:
    """A course as the public list shows it."""

    id: UUID
    slug: str
    title: str
    summary: str
    language: str
    price: Price
    instructor_id: UUID
    lesson_count: int
    published_at: datetime


def list_published(session: Session, query: str, page: PageRequest) -> tuple[list[Card], str | None]:
    """A page of the courses for sale, newest first; `query`: beginnings of words of title or summary, all of them."""
    values: dict[str, Any] = {"rows": page.limit + 1, "words": query_of(query)}
    if after := sort_key(page, datetime, UUID):
        values |= {"before": after[0], "before_id": after[1]}
    rows = session.execute(_published(bool(query), bool(after)), values)
    cards = [Card(*row) for row in rows]
    return cut_page(cards, page, lambda card: [card.published_at, card.id])


def list_teaching(session: Session, instructor_id: UUID, page: PageRequest) -> Courses:
    """A page of the instructor's own courses in all states, newest first."""
    return _newest(session, _cards().where(Course.instructor_id == instructor_id), page)


def list_all(session: Session, status: str | None, query: str, page: PageRequest) -> Courses:
    """A page of everybody's courses, newest first; for administrators."""
    statement = _cards()
    if status:
        statement = statement.where(Course.status == status)
    if query:
        statement = statement.where(_matches(query_of(query)))
    return _newest(session, statement, page)


def get_detail(session: Session, address: str, visitor: Visitor) -> dict[str, Any]:
    """A course by id or slug, with its outline, as schemas.CourseDetail. Drafts exist for their instructor only,
    archived ones for their learners too. Raises CourseNotFound."""
    course_id = find_uuid(address)
    if course_id is None and not is_slug(address):
        raise CourseNotFound
    values: Mapping[str, Any] = {"id": course_id} if course_id else {"slug": address}
    course = session.execute(_BY_ID if course_id else _BY_SLUG, values).first()
    if course is None or not _may_see(session, course, visitor):
        raise CourseNotFound
    return course._asdict()


# Built once: to build and to hash a statement takes longer than to run it.
_DETAIL = hot(
    select(
        *(Course.id, Course.slug, Course.title, Course.summary, Course.description, Course.description_html),
        *(Course.language, Course.price, Course.instructor_id, Course.status, Course.version, Course.lesson_count),
        *(Course.created_at, Course.updated_at, Course.published_at, OUTLINE.label("modules")),
    )
)
_BY_ID = _DETAIL.where(Course.id == bindparam("id"))
_BY_SLUG = _DETAIL.where(Course.slug == bindparam("slug"))


@cache
def _published(searched: bool, later: bool) -> Any:
    statement: Any = select(
        *(Course.id, Course.slug, Course.title, Course.summary, Course.language, Course.price),
        *(Course.instructor_id, Course.lesson_count, Course.published_at),
    ).where(Course.status == literal_column("'published'"))
    if searched:
        statement = statement.where(_matches(bindparam("words")))
    if later:
        before = tuple_(bindparam("before", type_=DateTime(True)), bindparam("before_id", type_=Uuid()))
        statement = statement.where(tuple_(Course.published_at, Course.id) < before)
    statement = statement.order_by(Course.published_at.desc(), Course.id.desc()).limit(bindparam("rows"))
    # How many courses a word is in decides how they are best found: a search is planned for its words.
    return statement if searched else hot(statement)


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


def _matches(query: Any) -> ColumnElement[bool]:
    return Course.found_by.bool_op("@@")(cast(query, TSQUERY))


def _may_see(session: Session, course: Any, visitor: Visitor) -> bool:
    if course.status == PUBLISHED or visitor.owns(course.instructor_id):
        return True
    if visitor.user_id is None:
        return False
    enrolled = exists().where(
        Enrollment.course_id == course.id, Enrollment.user_id == visitor.user_id, Enrollment.active
    )
    return bool(session.scalar(select(enrolled)))
