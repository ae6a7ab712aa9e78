"""What a course consists of: modules and lessons in their order."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import Session

from services.catalog.courses.models import Course, Lesson, Module
from shared.errors import NotFound


class ModuleNotFound(NotFound):
    slug, title = "module-not-found", "There is no such module in this course"
    detail = "Read the course for the ids of its modules."


class LessonNotFound(NotFound):
    slug, title = "lesson-not-found", "There is no such lesson in this course"
    detail = "Read the course for the ids of its lessons."


def _outline() -> ScalarSelect[Any]:
    lesson = ("id", Lesson.id, "title", Lesson.title, "position", Lesson.position, "is_preview", Lesson.is_preview)
    lessons = (
        select(func.jsonb_agg(aggregate_order_by(_object(*lesson, "version", Lesson.version), Lesson.position)))
        .where(Lesson.module_id == Module.id)
        .correlate(Module)
        .scalar_subquery()
    )
    module = ("id", Module.id, "title", Module.title, "position", Module.position, "version", Module.version)
    outline = _object(*module, "lessons", func.coalesce(lessons, _NOTHING))
    return (
        select(func.coalesce(func.jsonb_agg(aggregate_order_by(outline, Module.position)), _NOTHING))
        .where(Module.course_id == Course.id)
        .correlate(Course)
        .scalar_subquery()
    )


def _object(*members: Any) -> Any:
    words = (literal_column(f"'{member}'") if isinstance(member, str) else member for member in members)
    return func.jsonb_build_object(*words)


_NOTHING = literal_column("'[]'::jsonb", JSONB)
# A column of a query over courses: modules and lessons in their order, what everybody may know of them and never the
# content. Put together by Postgres: one round trip, and nothing to do for each lesson here.
OUTLINE = _outline()


def get_module(session: Session, course_id: UUID, module_id: UUID) -> Module:
    """A module of that course. Raises ModuleNotFound."""
    module: Module | None = session.scalar(select(Module).where(Module.id == module_id, Module.course_id == course_id))
    if module is None:
        raise ModuleNotFound
    return module


def get_lesson(session: Session, course_id: UUID, lesson_id: UUID) -> Lesson:
    """A lesson of that course. Raises LessonNotFound."""
    lesson: Lesson | None = session.scalar(select(Lesson).where(Lesson.id == lesson_id, Lesson.course_id == course_id))
    if lesson is None:
        raise LessonNotFound
    return lesson


def modules_of(session: Session, course_id: UUID) -> Sequence[Module]:
    """The course's modules in their order."""
    return session.scalars(select(Module).where(Module.course_id == course_id).order_by(Module.position)).all()


def lessons_of(session: Session, module_id: UUID) -> Sequence[Lesson]:
    """The module's lessons in their order."""
    return session.scalars(select(Lesson).where(Lesson.module_id == module_id).order_by(Lesson.position)).all()
