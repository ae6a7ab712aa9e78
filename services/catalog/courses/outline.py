"""What a course consists of: modules and lessons in their order."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from services.catalog.courses.models import Lesson, Module
from shared.errors import NotFound

LessonLine = Row[UUID, UUID, str, int, bool, int]


class ModuleNotFound(NotFound):
    slug, title = "module-not-found", "There is no such module in this course"
    detail = "Read the course for the ids of its modules."


class LessonNotFound(NotFound):
    slug, title = "lesson-not-found", "There is no such lesson in this course"
    detail = "Read the course for the ids of its lessons."


@dataclass(frozen=True)
class ModuleOutline:
    """A module and what everybody may know of its lessons: never their content."""

    id: UUID
    title: str
    position: int
    version: int
    lessons: Sequence[LessonLine]


def get_outline(session: Session, course_id: UUID) -> list[ModuleOutline]:
    """Modules and lessons in their order, in two queries."""
    modules = session.execute(
        select(Module.id, Module.title, Module.position, Module.version)
        .where(Module.course_id == course_id)
        .order_by(Module.position)
    ).all()
    lessons = session.execute(
        select(Lesson.id, Lesson.module_id, Lesson.title, Lesson.position, Lesson.is_preview, Lesson.version)
        .join(Module, Module.id == Lesson.module_id)
        .where(Lesson.course_id == course_id)
        .order_by(Module.position, Lesson.position)
    ).all()
    of_module: dict[UUID, list[LessonLine]] = {lesson.module_id: [] for lesson in lessons}
    for lesson in lessons:
        of_module[lesson.module_id].append(lesson)
    # Read Committed: a module deleted or added between the two queries is shown as the first one saw it.
    return [ModuleOutline(m.id, m.title, m.position, m.version, of_module.get(m.id, [])) for m in modules]


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
