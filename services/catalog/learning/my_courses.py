"""The learner's home: my courses, how far I am in each, and where to go on. One query."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Row, Select, Uuid, bindparam, exists, func, select, true, tuple_
from sqlalchemy.orm import Session

from services.catalog.courses.models import Course, Lesson, Module
from services.catalog.learning.models import CourseCompletion, Enrollment, LessonCompletion
from services.catalog.learning.progress import NextLesson, Progress
from shared.pagination import PageRequest, cut_page, sort_key
from shared.prepared import hot


@dataclass(frozen=True)
class MyCourse:
    """Enough of a course to show it and to link to it."""

    id: UUID
    slug: str
    title: str
    status: str


@dataclass(frozen=True)
class MyEnrollment:
    """An active enrollment with its progress."""

    id: UUID
    enrolled_at: datetime
    course: MyCourse
    progress: Progress


def list_enrollments(session: Session, user_id: UUID, page: PageRequest) -> tuple[list[MyEnrollment], str | None]:
    """A page of the learner's active enrollments, newest first."""
    values: dict[str, Any] = {"user_id": user_id, "rows": page.limit + 1}
    if after := sort_key(page, datetime, UUID):
        values |= {"before": after[0], "before_id": after[1]}
    rows = session.execute(_MINE_BEFORE if after else _MINE, values)
    enrollments = [_my_enrollment(row) for row in rows]
    return cut_page(enrollments, page, lambda mine: [mine.enrolled_at, mine.id])


def get_enrollment(session: Session, enrollment_id: UUID) -> MyEnrollment:
    """One enrollment as the list shows it."""
    return _my_enrollment(session.execute(_enrollments().where(Enrollment.id == enrollment_id)).one())


def _enrollments() -> Select[Any]:
    marks = LessonCompletion.enrollment_id == Enrollment.id
    completed = select(func.count()).select_from(LessonCompletion).where(marks).correlate(Enrollment).scalar_subquery()
    marked = exists().where(marks, LessonCompletion.lesson_id == Lesson.id).correlate(Enrollment, Lesson)
    ahead = (
        select(Lesson.id, Lesson.title)
        .join(Module, Module.id == Lesson.module_id)
        # By the module's course, not the lesson's: the indexes then give them in order, and the first one ends it.
        .where(Module.course_id == Course.id, ~marked)
        .order_by(Module.position, Lesson.position)
        .limit(1)
        .correlate(Course, Enrollment)
        .lateral("ahead")
    )
    return (
        select(
            Enrollment.id,
            Enrollment.enrolled_at,
            Course.id.label("course_id"),
            Course.slug,
            Course.title,
            Course.status,
            Course.lesson_count,
            CourseCompletion.completed_at,
            completed.label("completed"),
            ahead.c.id.label("next_id"),
            ahead.c.title.label("next_title"),
        )
        .join(Course, Course.id == Enrollment.course_id)
        .outerjoin(CourseCompletion, CourseCompletion.enrollment_id == Enrollment.id)
        .outerjoin(ahead, true())
    )


# Built once: to build and to hash such a statement takes longer than to run it.
_MINE = hot(
    _enrollments()
    .where(Enrollment.user_id == bindparam("user_id"), Enrollment.active)
    .order_by(Enrollment.enrolled_at.desc(), Enrollment.id.desc())
    .limit(bindparam("rows"))
)
_MINE_BEFORE = _MINE.where(
    tuple_(Enrollment.enrolled_at, Enrollment.id)
    < tuple_(bindparam("before", type_=DateTime(True)), bindparam("before_id", type_=Uuid()))
)


def _my_enrollment(row: Row[Any]) -> MyEnrollment:
    ahead = NextLesson(row.next_id, row.next_title) if row.next_id else None
    return MyEnrollment(
        id=row.id,
        enrolled_at=row.enrolled_at,
        course=MyCourse(row.course_id, row.slug, row.title, row.status),
        progress=Progress.of(row.completed, row.lesson_count, row.completed_at, ahead),
    )
