"""The chapters of a course."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.catalog.courses.models import PUBLISHED, Course, Lesson, Module
from services.catalog.courses.ordering import number, place
from services.catalog.courses.outline import get_module, modules_of
from services.catalog.courses.ownership import lock_own_course
from services.catalog.courses.publishing import changed_fields, record_change
from services.catalog.learning.completion import complete_finished
from services.catalog.learning.models import LessonCompletion
from services.catalog.visitors import Visitor
from shared.errors import Conflict
from shared.preconditions import Expected

MAX_MODULES = 100


class OutlineFull(Conflict):
    slug, title = "outline-full", "This course has as many parts as a course may have"


class LastLesson(Conflict):
    slug, title = "last-lesson", "A published course keeps at least one lesson"
    detail = "Add another lesson first, or archive the course."


class LessonHasCompletions(Conflict):
    slug, title = "lesson-has-completions", "Learners have completed this lesson"
    detail = "What they learned stays theirs: change the lesson's title and content, or move it, but keep it."


def add_module(session: Session, course_id: UUID, visitor: Visitor, title: str, position: int | None) -> Module:
    """A new module at the position, last when None. Raises OutlineFull."""
    course = lock_own_course(session, course_id, visitor)
    siblings = modules_of(session, course.id)
    if len(siblings) >= MAX_MODULES:
        raise OutlineFull(f"A course has at most {MAX_MODULES} modules; put lessons into an existing one.")
    module = Module(id=uuid7(), course_id=course.id, title=title)
    place(siblings, module, position)
    session.add(module)
    record_change(session, course, visible=True)
    return module


def edit_module(
    session: Session, course_id: UUID, module_id: UUID, visitor: Visitor, changes: dict[str, Any], expected: Expected
) -> Module:
    """The module after the changes: `title`, `position`. Raises ModuleNotFound."""
    course = lock_own_course(session, course_id, visitor)
    module = get_module(session, course.id, module_id)
    expected.check(module.version)
    changed = changed_fields(module, changes)
    if "title" in changed:
        module.title = changes["title"]
    if "position" in changed:
        place(modules_of(session, course.id), module, changes["position"])
    if changed:
        module.version += 1
        record_change(session, course, visible=True)
    return module


def delete_module(session: Session, course_id: UUID, module_id: UUID, visitor: Visitor, expected: Expected) -> None:
    """Removes the module with its lessons. Raises ModuleNotFound, LastLesson, LessonHasCompletions."""
    course = lock_own_course(session, course_id, visitor)
    module = get_module(session, course.id, module_id)
    expected.check(module.version)
    lessons = session.scalar(select(func.count()).where(Lesson.module_id == module.id)) or 0
    refuse_completed(session, Lesson.module_id == module.id)
    count_removed_lessons(course, lessons)
    session.delete(module)
    session.flush()
    number(modules_of(session, course.id))
    record_change(session, course, visible=True)
    if lessons:
        complete_finished(session, course)


def refuse_completed(session: Session, lessons: ColumnElement[bool]) -> None:
    """Raises LessonHasCompletions when anybody has completed one of the lessons; their course is locked, so nobody can
    until the end of the transaction."""
    if session.scalar(select(LessonCompletion.lesson_id).join(Lesson).where(lessons).limit(1)):
        raise LessonHasCompletions


def count_removed_lessons(course: Course, removed: int) -> None:
    """Takes lessons off the locked course's count. Raises LastLesson when a published course would be left empty."""
    if removed and course.status == PUBLISHED and course.lesson_count <= removed:
        raise LastLesson
    course.lesson_count -= removed
