"""Who may read a lesson, and the files that hang on it."""

from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, bindparam, exists, select
from sqlalchemy.orm import Session

from services.catalog.courses.models import DRAFT, PUBLISHED, Course, Lesson
from services.catalog.courses.outline import LessonNotFound
from services.catalog.courses.ownership import CourseNotFound
from services.catalog.learning.models import Enrollment, Grant, LessonOpening
from services.catalog.learning.progress import NotEnrolled
from services.catalog.visitors import Visitor
from shared.errors import Unauthorized
from shared.prepared import hot

_LEARNER = bindparam("learner", type_=Uuid())
# `unopened`: its opening by this learner is still to be recorded (openings.py).
_READ = hot(
    select(
        Lesson,
        Course.status,
        Course.instructor_id,
        Enrollment.id.is_not(None).label("enrolled"),
        and_(
            Enrollment.id.is_not(None),
            ~Lesson.is_preview,
            LessonOpening.lesson_id.is_(None),
            exists().where(Grant.enrollment_id == Enrollment.id, Grant.order_id.is_not(None)).correlate(Enrollment),
        ).label("unopened"),
    )
    .join(Course, Course.id == Lesson.course_id)
    .outerjoin(Enrollment, and_(Enrollment.course_id == Course.id, Enrollment.user_id == _LEARNER, Enrollment.active))
    .outerjoin(LessonOpening, and_(LessonOpening.enrollment_id == Enrollment.id, LessonOpening.lesson_id == Lesson.id))
    .where(Lesson.id == bindparam("lesson"), Course.id == bindparam("course"))
)


def get_readable_lesson(session: Session, course_id: UUID, lesson_id: UUID, visitor: Visitor) -> Lesson:
    """The lesson alone, as `read_lesson` gives it."""
    return read_lesson(session, course_id, lesson_id, visitor)[0]


def read_lesson(session: Session, course_id: UUID, lesson_id: UUID, visitor: Visitor) -> tuple[Lesson, bool]:
    """The lesson, for its learners, its instructor and admins, and for everybody when it is a preview; and whether the
    visitor bought the course and was not given this lesson before.

    Raises LessonNotFound, also for what the visitor may not know of; Unauthorized when signing in may help, NotEnrolled
    when it did not.
    """
    asked = {"lesson": lesson_id, "course": course_id, "learner": visitor.user_id}
    found = session.execute(_READ, asked).first()
    if found is None:
        raise LessonNotFound
    lesson: Lesson = found.Lesson
    if visitor.owns(found.instructor_id) or found.enrolled or (found.status == PUBLISHED and lesson.is_preview):
        return lesson, found.unopened
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
