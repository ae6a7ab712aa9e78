"""What a course consists of: modules and lessons in their order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from services.catalog.courses.models import Lesson, Module
from shared.errors import NotFound


class ModuleNotFound(NotFound):
    slug, title = "module-not-found", "There is no such module in this course"
    detail = "Read the course for the ids of its modules."


class LessonNotFound(NotFound):
    slug, title = "lesson-not-found", "There is no such lesson in this course"
    detail = "Read the course for the ids of its lessons."


@dataclass(frozen=True)
class LessonLine:
    """What everybody may know of a lesson: never its content."""

    id: UUID
    title: str
    position: int
    is_preview: bool
    version: int


@dataclass(frozen=True)
class ModuleOutline:
    """A module with its lessons."""

    id: UUID
    title: str
    position: int
    version: int
    lessons: list[LessonLine]


# Built once: to build and to hash a statement takes longer than to run it.
_OUTLINE: Any = (
    select(
        *(Module.id, Module.title, Module.position, Module.version),
        *(Lesson.id, Lesson.title, Lesson.position, Lesson.is_preview, Lesson.version),
    )
    .outerjoin(Lesson, Lesson.module_id == Module.id)
    .where(Module.course_id == bindparam("course_id"))
    .order_by(Module.position, Lesson.position)
)


def get_outline(session: Session, course_id: UUID) -> list[ModuleOutline]:
    """Modules and lessons in their order, in one query."""
    modules: dict[UUID, ModuleOutline] = {}
    for row in session.execute(_OUTLINE, {"course_id": course_id}):
        module = modules.setdefault(row[0], ModuleOutline(row[0], row[1], row[2], row[3], []))
        # A module without lessons comes as one row without a lesson.
        if row[4] is not None:
            module.lessons.append(LessonLine(*row[4:]))
    return list(modules.values())


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
