"""Completing lessons, and with the last one the course."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.catalog.courses.models import DRAFT, Course
from services.catalog.courses.outline import get_lesson
from services.catalog.courses.ownership import CourseNotFound
from services.catalog.learning.models import CourseCompletion, Enrollment, LessonCompletion
from shared import outbox
from shared.errors import Forbidden
from shared.events import CourseCompleted, LessonCompleted


class NotEnrolled(Forbidden):
    slug, title = "not-enrolled", "You are not enrolled in this course"
    detail = "Buy the course, or enroll if it is free, and try again."


def complete_lesson(session: Session, course_id: UUID, lesson_id: UUID, user_id: UUID) -> None:
    """Marks the lesson complete; again changes nothing. With the last lesson the course is completed, once.

    Raises CourseNotFound, NotEnrolled, LessonNotFound.
    """
    course, enrollment = _lock_progress(session, course_id, user_id)
    lesson = get_lesson(session, course.id, lesson_id)
    row = {"enrollment_id": enrollment.id, "lesson_id": lesson.id, "completed_at": datetime.now(UTC)}
    marked = insert(LessonCompletion).values(row).on_conflict_do_nothing().returning(LessonCompletion.lesson_id)
    new = session.execute(marked).first() is not None
    done = session.scalar(select(func.count()).where(LessonCompletion.enrollment_id == enrollment.id)) or 0
    if new:
        _tell_completed(session, course, enrollment, lesson.id, done)
    if done >= course.lesson_count:
        _complete_course(session, course, enrollment)


def undo_lesson(session: Session, course_id: UUID, lesson_id: UUID, user_id: UUID) -> None:
    """Takes the mark back; a completed course stays completed. Raises as complete_lesson."""
    course, enrollment = _lock_progress(session, course_id, user_id)
    lesson = get_lesson(session, course.id, lesson_id)
    mark = (LessonCompletion.enrollment_id == enrollment.id, LessonCompletion.lesson_id == lesson.id)
    session.execute(delete(LessonCompletion).where(*mark))


def complete_finished(session: Session, course: Course) -> None:
    """After lessons were removed from the locked course: who has completed all that are left has completed it."""
    done = select(func.count()).where(LessonCompletion.enrollment_id == Enrollment.id).scalar_subquery()
    finished = (
        select(Enrollment)
        .where(
            Enrollment.course_id == course.id,
            Enrollment.active,
            done >= max(course.lesson_count, 1),
            ~exists().where(CourseCompletion.enrollment_id == Enrollment.id),
        )
        .order_by(Enrollment.id)
        .with_for_update()
    )
    for enrollment in session.scalars(finished).all():
        _complete_course(session, course, enrollment)


def _lock_progress(session: Session, course_id: UUID, user_id: UUID) -> tuple[Course, Enrollment]:
    """The course, its outline held still, and the learner's enrollment, locked: in the order that editing locks too.

    Of two learners' tabs that complete the last two lessons at once, the second to get the lock sees the first's.
    """
    course = session.scalar(select(Course).where(Course.id == course_id).with_for_update(read=True, key_share=True))
    if course is None or course.status == DRAFT:
        raise CourseNotFound
    mine = (Enrollment.course_id == course_id, Enrollment.user_id == user_id, Enrollment.active)
    enrollment = session.scalar(select(Enrollment).where(*mine).with_for_update())
    if enrollment is None:
        raise NotEnrolled
    return course, enrollment


def _tell_completed(session: Session, course: Course, enrollment: Enrollment, lesson_id: UUID, done: int) -> None:
    enrollment.version += 1
    session.flush()
    outbox.add(
        session,
        LessonCompleted(
            enrollment_id=enrollment.id,
            version=enrollment.version,
            user_id=enrollment.user_id,
            course_id=course.id,
            lesson_id=lesson_id,
            completed_lessons=done,
            lesson_count=course.lesson_count,
        ),
    )


def _complete_course(session: Session, course: Course, enrollment: Enrollment) -> None:
    now = datetime.now(UTC)
    row = {"enrollment_id": enrollment.id, "completed_at": now}
    statement = insert(CourseCompletion).values(row).on_conflict_do_nothing()
    if session.execute(statement.returning(CourseCompletion.enrollment_id)).first() is None:
        return
    enrollment.version += 1
    session.flush()
    outbox.add(
        session,
        CourseCompleted(
            enrollment_id=enrollment.id,
            version=enrollment.version,
            user_id=enrollment.user_id,
            course_id=course.id,
            course_title=course.title,
            completed_at=now,
        ),
    )
