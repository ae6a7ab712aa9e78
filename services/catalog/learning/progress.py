"""How far a learner is: lessons completed of lessons there are, and what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, and_, select
from sqlalchemy.orm import Session

from services.catalog.courses.models import DRAFT, Course, Lesson, Module
from services.catalog.courses.ownership import CourseNotFound
from services.catalog.learning.completion import NotEnrolled
from services.catalog.learning.models import CourseCompletion, Enrollment, LessonCompletion


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
    completed_at: datetime | None
    next_lesson: NextLesson | None

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means all."""
        return 100 * self.completed // self.total if self.total else 0


LessonProgress = Row[UUID, UUID, str, datetime | None]


def get_progress(session: Session, course_id: UUID, user_id: UUID) -> tuple[Progress, Sequence[LessonProgress]]:
    """The learner's progress and each lesson of the course in its order. Raises CourseNotFound, NotEnrolled."""
    mine = and_(Enrollment.course_id == Course.id, Enrollment.user_id == user_id, Enrollment.active)
    statement = (
        select(Course.status, Enrollment.id, CourseCompletion.completed_at)
        .outerjoin(Enrollment, mine)
        .outerjoin(CourseCompletion, CourseCompletion.enrollment_id == Enrollment.id)
        .where(Course.id == course_id)
    )
    found = session.execute(statement).first()
    if found is None or found.status == DRAFT:
        raise CourseNotFound
    if found.id is None:
        raise NotEnrolled
    lessons = _lessons(session, course_id, found.id)
    ahead = next((lesson for lesson in lessons if lesson.completed_at is None), None)
    progress = Progress(
        completed=sum(lesson.completed_at is not None for lesson in lessons),
        total=len(lessons),
        completed_at=found.completed_at,
        next_lesson=NextLesson(ahead.id, ahead.title) if ahead else None,
    )
    return progress, lessons


def _lessons(session: Session, course_id: UUID, enrollment_id: UUID) -> Sequence[LessonProgress]:
    mark = and_(LessonCompletion.lesson_id == Lesson.id, LessonCompletion.enrollment_id == enrollment_id)
    return session.execute(
        select(Lesson.id, Lesson.module_id, Lesson.title, LessonCompletion.completed_at)
        .join(Module, Module.id == Lesson.module_id)
        .outerjoin(LessonCompletion, mark)
        .where(Lesson.course_id == course_id)
        .order_by(Module.position, Lesson.position)
    ).all()
