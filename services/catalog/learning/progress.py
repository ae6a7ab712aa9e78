"""How far a learner is: lessons completed of lessons there are, and what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, select
from sqlalchemy.orm import Session

from services.catalog.courses.models import DRAFT, Course, Lesson, Module
from services.catalog.courses.ownership import CourseNotFound
from services.catalog.learning.models import CourseCompletion, Enrollment, LessonCompletion
from shared.errors import Forbidden
from shared.prepared import hot


class NotEnrolled(Forbidden):
    slug, title = "not-enrolled", "You are not enrolled in this course"
    detail = "Buy the course, or enroll if it is free, and try again."


@dataclass(frozen=True)
class NextLesson:
    """The first lesson in the course's order that is not complete."""

    id: UUID
    title: str


@dataclass(frozen=True)
class Progress:
    """`completed_at`: when the course was completed; it stays when lessons are added later."""

    completed: int
    total: int
    percent: int
    completed_at: datetime | None
    next_lesson: NextLesson | None

    @classmethod
    def of(cls, completed: int, total: int, completed_at: datetime | None, ahead: NextLesson | None) -> "Progress":
        """With the percentage, rounded down, so that 100 means all."""
        return cls(completed, total, 100 * completed // total if total else 0, completed_at, ahead)


@dataclass(frozen=True)
class LessonProgress:
    """A lesson of the course and when the learner completed it."""

    id: UUID
    module_id: UUID
    title: str
    completed_at: datetime | None


@dataclass(frozen=True)
class CourseProgress(Progress):
    """The learner's progress with each lesson of the course in its order."""

    course_id: UUID
    lessons: Sequence[LessonProgress]


# Built once: to build and to hash such a statement takes longer than to run it.
_COURSE = hot(
    select(Course.status, Enrollment.id)
    .outerjoin(
        Enrollment,
        and_(Enrollment.course_id == Course.id, Enrollment.user_id == bindparam("user_id"), Enrollment.active),
    )
    .where(Course.id == bindparam("course_id"))
)


def lessons_with(completed_at: ColumnElement[Any], *more: ColumnElement[Any]) -> Select[Any]:
    """The lessons of `course` in their order, each with when `enrollment` completed it, and the course's completion."""
    course_completed_at = select(CourseCompletion.completed_at).where(
        CourseCompletion.enrollment_id == bindparam("enrollment")
    )
    mine = and_(LessonCompletion.lesson_id == Lesson.id, LessonCompletion.enrollment_id == bindparam("enrollment"))
    return (
        select(
            *(Lesson.id, Lesson.module_id, Lesson.title, completed_at.label("completed_at")),
            course_completed_at.scalar_subquery().label("course_completed_at"),
            *more,
        )
        .join(Module, Module.id == Lesson.module_id)
        .outerjoin(LessonCompletion, mine)
        .where(Module.course_id == bindparam("course"))
        .order_by(Module.position, Lesson.position)
    )


_LESSONS = hot(lessons_with(LessonCompletion.completed_at.expression))


def get_progress(session: Session, course_id: UUID, user_id: UUID) -> CourseProgress:
    """The learner's progress in the course. Raises CourseNotFound, NotEnrolled."""
    found = session.execute(_COURSE, {"course_id": course_id, "user_id": user_id}).first()
    if found is None or found.status == DRAFT:
        raise CourseNotFound
    if found.id is None:
        raise NotEnrolled
    return read_progress(session, course_id, found.id)


def read_progress(session: Session, course_id: UUID, enrollment_id: UUID) -> CourseProgress:
    """The progress of an enrollment that is known to be the learner's, in one query."""
    return progress_from(course_id, session.execute(_LESSONS, {"course": course_id, "enrollment": enrollment_id}).all())


def progress_from(course_id: UUID, rows: Sequence[Row[Any]]) -> CourseProgress:
    """The progress that rows of `lessons_with` tell."""
    lessons = [LessonProgress(row.id, row.module_id, row.title, row.completed_at) for row in rows]
    ahead = next((lesson for lesson in lessons if lesson.completed_at is None), None)
    counted = Progress.of(
        completed=sum(lesson.completed_at is not None for lesson in lessons),
        total=len(lessons),
        completed_at=rows[0].course_completed_at if rows else None,
        ahead=NextLesson(ahead.id, ahead.title) if ahead else None,
    )
    return CourseProgress(**vars(counted), course_id=course_id, lessons=lessons)
