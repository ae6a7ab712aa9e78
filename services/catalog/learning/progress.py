"""How far a learner is: lessons completed of lessons there are, and what comes next."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from orjson import Fragment
from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from services.catalog.courses.models import DRAFT, Course
from services.catalog.courses.ownership import CourseNotFound
from shared.errors import Forbidden, Problem
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
    next_lesson: NextLesson | Fragment | None

    @classmethod
    def of(
        cls, completed: int, total: int, completed_at: datetime | None, ahead: NextLesson | Fragment | None
    ) -> "Progress":
        """With the percentage, rounded down, so that 100 means all."""
        return cls(completed, total, 100 * completed // total if total else 0, completed_at, ahead)


@dataclass(frozen=True)
class CourseProgress(Progress):
    """The learner's progress with each lesson of the course in its order, as JSON (schemas.LessonProgress)."""

    course_id: UUID
    lessons: Fragment


# The learner's enrollment in a course that is no draft, to be called `mine`, and what is told of it, where `marks` are
# the lessons completed: one row, put together by Postgres. An object for each lesson here takes as long as the query.
MINE = """
    SELECT enrollments.id, enrollments.version, courses.title, courses.lesson_count
    FROM enrollments JOIN courses ON courses.id = enrollments.course_id
    WHERE enrollments.course_id = :course AND enrollments.user_id = :learner AND enrollments.active
        AND courses.status <> 'draft'
"""
TOLD = """
    (SELECT completed_at FROM course_completions WHERE enrollment_id = mine.id) AS completed_at,
    count(lessons.id) AS total,
    count(marks.completed_at) AS completed,
    CAST(
        (array_agg(
            json_build_object('id', lessons.id, 'title', lessons.title) ORDER BY modules.position, lessons.position
        ) FILTER (WHERE lessons.id IS NOT NULL AND marks.completed_at IS NULL))[1] AS text
    ) AS next_lesson,
    CAST(
        json_agg(json_build_object(
            'id', lessons.id, 'module_id', lessons.module_id, 'title', lessons.title, 'completed_at',
            to_char(marks.completed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        ) ORDER BY modules.position, lessons.position) FILTER (WHERE lessons.id IS NOT NULL) AS text
    ) AS lessons
    FROM mine
    LEFT JOIN modules ON modules.course_id = :course
    LEFT JOIN lessons ON lessons.module_id = modules.id
    LEFT JOIN marks ON marks.lesson_id = lessons.id
    GROUP BY mine.id, mine.version, mine.title, mine.lesson_count
"""
PROGRESS = f"""
    WITH mine AS ({MINE}), marks AS (
        SELECT lesson_id, completed_at FROM lesson_completions JOIN mine ON mine.id = enrollment_id
    )
    SELECT {TOLD}
"""  # nosec B608 # put together of constants
_PROGRESS = hot(text(PROGRESS))


def get_progress(session: Session, course_id: UUID, user_id: UUID) -> CourseProgress:
    """The learner's progress in the course. Raises CourseNotFound, NotEnrolled."""
    found = session.execute(_PROGRESS, {"course": course_id, "learner": user_id}).first()
    if found is None:
        raise why_not(session, course_id)
    return progress_from(course_id, found)


def progress_from(course_id: UUID, told: Row[Any]) -> CourseProgress:
    """The progress in a row of TOLD."""
    ahead = Fragment(told.next_lesson) if told.next_lesson else None
    counted = Progress.of(told.completed, told.total, told.completed_at, ahead)
    return CourseProgress(**vars(counted), course_id=course_id, lessons=Fragment(told.lessons or "[]"))


def why_not(session: Session, course_id: UUID) -> Problem:
    """Why a learner without an active enrollment sees no progress in the course: CourseNotFound or NotEnrolled."""
    status = session.scalar(select(Course.status).where(Course.id == course_id))
    return CourseNotFound() if status in (None, DRAFT) else NotEnrolled()
