"""Tables of courses and what they consist of."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, composite, mapped_column

from services.catalog.models import Base

DRAFT, PUBLISHED, ARCHIVED = "draft", "published", "archived"

# As Postgres prints it back, as below.
FOUND_BY = (
    "CASE WHEN (terms_of = md5(((title || chr(10)) || summary))) THEN array_to_tsvector(terms)"
    " ELSE to_tsvector('simple'::regconfig, ((title || ' '::text) || summary)) END"
)


@dataclass
class Price:
    """`amount` in minor units of `currency` (ISO 4217)."""

    amount: int
    currency: str


class Course(Base):
    """`version` grows with every change; `lesson_count` is kept under the row's lock."""

    __tablename__ = "courses"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'published', 'archived')", name="status"),
        CheckConstraint("price_amount >= 0", name="price_amount"),
        Index("ix_courses_published", "published_at", "id", postgresql_where=text("status = 'published'")),
        Index("ix_courses_search", "search", postgresql_using="gin"),
        Index("ix_courses_found_by", "found_by", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    summary: Mapped[str]
    description: Mapped[str]
    description_html: Mapped[str]
    language: Mapped[str]
    price: Mapped[Price] = composite(mapped_column("price_amount"), mapped_column("price_currency"))
    instructor_id: Mapped[UUID] = mapped_column(index=True)
    status: Mapped[str]
    version: Mapped[int]
    lesson_count: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    # Written the way Postgres prints it back, so that the comparison of models and migrations finds no difference.
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed("to_tsvector('simple'::regconfig, ((title || ' '::text) || summary))", persisted=True),
        deferred=True,
        deferred_raiseload=True,
    )
    # courses.searching makes the terms; `terms_of` tells of which texts. The release before writes texts without them:
    # then Postgres' own words count until the next change.
    terms: Mapped[list[str] | None] = mapped_column(ARRAY(Text), deferred=True)
    terms_of: Mapped[str | None] = mapped_column(deferred=True)
    found_by: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(FOUND_BY, persisted=True),
        deferred=True,
        deferred_raiseload=True,
    )


class Module(Base):
    """A chapter. `version` counts the changes of its title and place by its author."""

    __tablename__ = "modules"
    __table_args__ = (UniqueConstraint("course_id", "position", deferrable=True, initially="DEFERRED"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"))
    position: Mapped[int]
    title: Mapped[str]
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))


class Lesson(Base):
    """`content` is Markdown, `content_html` its safe rendering, made when it was written. `version` counts the changes
    by its author; the numbers that siblings get when one of them moves are none."""

    __tablename__ = "lessons"
    __table_args__ = (UniqueConstraint("module_id", "position", deferrable=True, initially="DEFERRED"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"), index=True)
    module_id: Mapped[UUID] = mapped_column(ForeignKey("modules.id", ondelete="CASCADE"))
    position: Mapped[int]
    title: Mapped[str]
    content: Mapped[str]
    content_html: Mapped[str]
    is_preview: Mapped[bool]
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Announcement(Base):
    """News from the instructor to everyone enrolled."""

    __tablename__ = "announcements"
    __table_args__ = (Index("ix_announcements_course_id_id", "course_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"))
    author_id: Mapped[UUID]
    title: Mapped[str]
    body: Mapped[str]
    posted_at: Mapped[datetime]
