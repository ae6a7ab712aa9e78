"""Writing the lessons of a course. Reading them is learning."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.catalog.courses.models import Lesson
from services.catalog.courses.modules import OutlineFull, count_removed_lessons, refuse_completed
from services.catalog.courses.ordering import number, place
from services.catalog.courses.outline import get_lesson, get_module, lessons_of
from services.catalog.courses.ownership import lock_own_course
from services.catalog.courses.publishing import changed_fields, record_change
from services.catalog.courses.rendering import render_markdown
from services.catalog.learning.completion import complete_finished
from services.catalog.visitors import Visitor
from shared.preconditions import Expected

MAX_LESSONS = 500


@dataclass(frozen=True)
class LessonDraft:
    """What a new lesson consists of. `content` is Markdown; `position` None is last."""

    title: str
    content: str
    is_preview: bool
    position: int | None


def add_lesson(session: Session, course_id: UUID, module_id: UUID, visitor: Visitor, draft: LessonDraft) -> Lesson:
    """A new lesson of the module. Raises ModuleNotFound, OutlineFull."""
    content_html = render_markdown(draft.content)
    course = lock_own_course(session, course_id, visitor)
    module = get_module(session, course.id, module_id)
    if course.lesson_count >= MAX_LESSONS:
        raise OutlineFull(f"A course has at most {MAX_LESSONS} lessons; put more into an existing one.")
    now = datetime.now(UTC)
    lesson = Lesson(
        id=uuid7(),
        course_id=course.id,
        module_id=module.id,
        title=draft.title,
        content=draft.content,
        content_html=content_html,
        is_preview=draft.is_preview,
        created_at=now,
        updated_at=now,
    )
    place(lessons_of(session, module.id), lesson, draft.position)
    session.add(lesson)
    course.lesson_count += 1
    record_change(session, course, visible=True)
    return lesson


def edit_lesson(
    session: Session, course_id: UUID, lesson_id: UUID, visitor: Visitor, changes: dict[str, Any], expected: Expected
) -> Lesson:
    """The lesson after the changes: `title`, `content`, `is_preview`, `position`, `module_id` (moves it there).

    Raises LessonNotFound, ModuleNotFound.
    """
    content_html = render_markdown(changes.get("content", ""))
    course = lock_own_course(session, course_id, visitor)
    lesson = get_lesson(session, course.id, lesson_id)
    expected.check(lesson.version)
    changed = changed_fields(lesson, changes)
    for name in changed & {"title", "content", "is_preview"}:
        setattr(lesson, name, changes[name])
    if "content" in changed:
        lesson.content_html = content_html
    if changed & {"module_id", "position"}:
        _move(session, lesson, changes.get("module_id", lesson.module_id), changes.get("position"))
    if changed:
        lesson.version += 1
        lesson.updated_at = datetime.now(UTC)
        record_change(session, course, visible=changed != {"content"})
    return lesson


def delete_lesson(session: Session, course_id: UUID, lesson_id: UUID, visitor: Visitor, expected: Expected) -> None:
    """Removes the lesson; its files are swept later. Raises LessonNotFound, LastLesson, LessonHasCompletions.

    Who had completed all others has now completed the course.
    """
    course = lock_own_course(session, course_id, visitor)
    lesson = get_lesson(session, course.id, lesson_id)
    expected.check(lesson.version)
    refuse_completed(session, Lesson.id == lesson.id)
    count_removed_lessons(course, 1)
    session.delete(lesson)
    session.flush()
    number(lessons_of(session, lesson.module_id))
    record_change(session, course, visible=True)
    complete_finished(session, course)


def _move(session: Session, lesson: Lesson, module_id: UUID, position: int | None) -> None:
    left = lesson.module_id
    get_module(session, lesson.course_id, module_id)
    arrivals = lessons_of(session, module_id)
    lesson.module_id = module_id
    place(arrivals, lesson, position)
    if module_id != left:
        number(lessons_of(session, left))
