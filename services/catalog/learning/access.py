"""Who may read a lesson, and the files that hang on it."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from services.catalog.courses.models import DRAFT, PUBLISHED, Course, Lesson
from services.catalog.courses.outline import LessonNotFound
from services.catalog.courses.ownership import CourseNotFound
from services.catalog.learning.models import Enrollment
from services.catalog.learning.progress import NotEnrolled
from services.catalog.visitors import Visitor
from shared.errors import Unauthorized


def get_readable_lesson(session: Session, course_id: UUID, lesson_id: UUID, visitor: Visitor) -> Lesson:
    """The lesson, for its learners, its instructor and admins, and for everybody when it is a preview.

    Raises LessonNotFound, also for what the visitor may not know of; Unauthorized when signing in may help, NotEnrolled
    when it did not.
    """
    enrolled = _enrolled(visitor)
    statement = (
        select(Lesson, Course.status, Course.instructor_id, enrolled.label("enrolled"))
        .join(Course, Course.id == Lesson.course_id)
        .where(Lesson.id == lesson_id, Course.id == course_id)
    )
    found = session.execute(statement).first()
    if found is None:
        raise LessonNotFound
    lesson: Lesson = found.Lesson
    if visitor.owns(found.instructor_id) or found.enrolled or (found.status == PUBLISHED and lesson.is_preview):
        return lesson
    if found.status != PUBLISHED:
        raise LessonNotFound
    if visitor.user_id is None:
        raise Unauthorized("This lesson is for the course's learners. Sign in, then ask again.")
    raise NotEnrolled


def check_may_follow(session: Session, course_id: UUID, visitor: Visitor) -> None:
    """Passes for the course's learners, instructor and admins. Raises CourseNotFound, NotEnrolled."""
    statement = select(Course.status, Course.instructor_id, _enrolled(visitor).label("enrolled"))
    found = session.execute(statement.where(Course.id == course_id)).first()
    if found is None:
        raise CourseNotFound
    if visitor.owns(found.instructor_id) or found.enrolled:
        return
    raise CourseNotFound if found.status == DRAFT else NotEnrolled


def _enrolled(visitor: Visitor) -> ColumnElement[bool]:
    mine = and_(Enrollment.course_id == Course.id, Enrollment.user_id == visitor.user_id, Enrollment.active)
    return exists().where(mine).correlate(Course)
