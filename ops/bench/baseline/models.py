"""Tables of the monolith: the same columns and indexes as the platform's, in one database."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
db = SQLAlchemy(model_class=Base)


class User(Base):
    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    email_normalized: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))


class Course(Base):
    __tablename__ = "courses"
    __table_args__ = (
        Index("ix_courses_published", "published_at", "id", postgresql_where=text("status = 'published'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    summary: Mapped[str]
    description: Mapped[str] = mapped_column(deferred=True)
    description_html: Mapped[str] = mapped_column(deferred=True)
    language: Mapped[str]
    price_amount: Mapped[int]
    price_currency: Mapped[str]
    instructor_id: Mapped[UUID]
    status: Mapped[str]
    version: Mapped[int]
    lesson_count: Mapped[int]
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]
    published_at: Mapped[Moment | None]

    modules: Mapped[list["Module"]] = relationship(order_by="Module.position")


class Module(Base):
    __tablename__ = "modules"
    __table_args__ = (UniqueConstraint("course_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"))
    position: Mapped[int]
    title: Mapped[str]

    lessons: Mapped[list["Lesson"]] = relationship(order_by="Lesson.position")


class Lesson(Base):
    __tablename__ = "lessons"
    __table_args__ = (UniqueConstraint("module_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"), index=True)
    module_id: Mapped[UUID] = mapped_column(ForeignKey("modules.id"))
    position: Mapped[int]
    title: Mapped[str]
    content: Mapped[str] = mapped_column(deferred=True)
    content_html: Mapped[str] = mapped_column(deferred=True)
    is_preview: Mapped[bool]
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]


class Enrollment(Base):
    __tablename__ = "enrollments"
    __table_args__ = (
        UniqueConstraint("user_id", "course_id"),
        Index("ix_enrollments_mine", "user_id", "enrolled_at", "id", postgresql_where=text("active")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"), index=True)
    active: Mapped[bool]
    version: Mapped[int]
    enrolled_at: Mapped[Moment]

    course: Mapped[Course] = relationship()
    completion: Mapped["CourseCompletion | None"] = relationship()


class LessonCompletion(Base):
    __tablename__ = "lesson_completions"

    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"), primary_key=True)
    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lessons.id"), primary_key=True, index=True)
    completed_at: Mapped[Moment]


class CourseCompletion(Base):
    __tablename__ = "course_completions"

    enrollment_id: Mapped[UUID] = mapped_column(ForeignKey("enrollments.id"), primary_key=True)
    completed_at: Mapped[Moment]
