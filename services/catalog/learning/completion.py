"""Completing lessons, and with the last one the course."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, delete, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.catalog.courses.models import DRAFT, Course, Lesson
from services.catalog.courses.outline import LessonNotFound, get_lesson
from services.catalog.courses.ownership import CourseNotFound
from services.catalog.learning.models import CourseCompletion, Enrollment, LessonCompletion
from services.catalog.learning.progress import CourseProgress, NotEnrolled, lessons_with, progress_from, read_progress
from shared import outbox
from shared.events import CourseCompleted, LessonCompleted
from shared.prepared import hot

# Built once: to build and to hash such a statement takes longer than to run it.
_LOCKED = hot(
    select(Enrollment.id, Course.title, Course.lesson_count, Course.status)
    .join(Course, Course.id == Enrollment.course_id)
    .where(
        Enrollment.course_id == bindparam("course_id"), Enrollment.user_id == bindparam("user_id"), Enrollment.active
    )
    # In the order in which editing locks too; of the course only what holds its outline still.
    .suffix_with(text("FOR KEY SHARE OF courses FOR UPDATE OF enrollments"))
)
_MARKED = (
    insert(LessonCompletion)
    .from_select(
        ["enrollment_id", "lesson_id", "completed_at"],
        select(bindparam("enrollment", type_=Uuid()), Lesson.id, func.clock_timestamp()).where(
            Lesson.id == bindparam("lesson"), Lesson.course_id == bindparam("course")
        ),
    )
    .on_conflict_do_nothing()
    .returning(LessonCompletion.enrollment_id, LessonCompletion.lesson_id, LessonCompletion.completed_at)
    .cte("marked")
)
_COUNTED = (
    update(Enrollment)
    .where(Enrollment.id == _MARKED.c.enrollment_id)
    .values(version=Enrollment.version + 1)
    .returning(Enrollment.version)
    .cte("counted")
)
# Marks the lesson and reads the progress. `version` is the enrollment's next one when the mark is new, else none. What
# the statement writes its own reads do not see, hence the second look for the mark.
_MARK = hot(
    lessons_with(
        func.coalesce(_MARKED.c.completed_at, LessonCompletion.completed_at),
        select(_COUNTED.c.version).scalar_subquery().label("version"),
    ).outerjoin(_MARKED, _MARKED.c.lesson_id == Lesson.id)
)
_NEXT_VERSION = hot(
    update(Enrollment)
    .where(Enrollment.id == bindparam("enrollment"))
    .values(version=Enrollment.version + 1)
    .returning(Enrollment.version)
)


def complete_lesson(session: Session, course_id: UUID, lesson_id: UUID, user_id: UUID) -> CourseProgress:
    """The progress after the lesson is marked complete; again changes nothing. With the last lesson the course is
    completed, once. Raises CourseNotFound, NotEnrolled, LessonNotFound."""
    locked = _lock_progress(session, course_id, user_id)
    rows = session.execute(_MARK, {"enrollment": locked.id, "lesson": lesson_id, "course": course_id}).all()
    progress = progress_from(course_id, rows)
    if lesson_id not in {lesson.id for lesson in progress.lessons}:
        raise LessonNotFound
    if rows[0].version is not None:
        event = LessonCompleted(
            enrollment_id=locked.id,
            version=rows[0].version,
            user_id=user_id,
            course_id=course_id,
            lesson_id=lesson_id,
            completed_lessons=progress.completed,
            lesson_count=locked.lesson_count,
        )
        outbox.add(session, event)
    if progress.completed_at is None and progress.completed >= locked.lesson_count:
        completed_at = _complete_course(session, locked.id, user_id, course_id, locked.title)
        progress = replace(progress, completed_at=completed_at)
    return progress


def undo_lesson(session: Session, course_id: UUID, lesson_id: UUID, user_id: UUID) -> CourseProgress:
    """The progress after the mark is taken back; a completed course stays completed. Raises as complete_lesson."""
    locked = _lock_progress(session, course_id, user_id)
    lesson = get_lesson(session, course_id, lesson_id)
    mark = (LessonCompletion.enrollment_id == locked.id, LessonCompletion.lesson_id == lesson.id)
    session.execute(delete(LessonCompletion).where(*mark))
    return read_progress(session, course_id, locked.id)


def complete_finished(session: Session, course: Course) -> None:
    """After lessons were removed from the locked course: who has completed all that are left has completed it."""
    done = select(func.count()).where(LessonCompletion.enrollment_id == Enrollment.id).scalar_subquery()
    finished = (
        select(Enrollment.id, Enrollment.user_id)
        .where(
            Enrollment.course_id == course.id,
            Enrollment.active,
            done >= max(course.lesson_count, 1),
            ~exists().where(CourseCompletion.enrollment_id == Enrollment.id),
        )
        .order_by(Enrollment.id)
        .with_for_update()
    )
    for enrollment in session.execute(finished).all():
        _complete_course(session, enrollment.id, enrollment.user_id, course.id, course.title)


def _lock_progress(session: Session, course_id: UUID, user_id: UUID) -> Row[UUID, str, int, str]:
    """The learner's enrollment, locked, with its course, whose outline is held still.

    Of two tabs of a learner that complete the last two lessons at once, the second to get the lock sees the first's.
    """
    locked = session.execute(_LOCKED, {"course_id": course_id, "user_id": user_id}).first()
    if locked is None or locked.status == DRAFT:
        status = session.scalar(select(Course.status).where(Course.id == course_id))
        raise CourseNotFound if status in (None, DRAFT) else NotEnrolled
    return locked


def _complete_course(session: Session, enrollment_id: UUID, user_id: UUID, course_id: UUID, title: str) -> datetime:
    """When it was completed, which was now; the caller holds the enrollment and has seen no completion."""
    now = datetime.now(UTC)
    session.execute(insert(CourseCompletion).values(enrollment_id=enrollment_id, completed_at=now))
    event = CourseCompleted(
        enrollment_id=enrollment_id,
        version=session.execute(_NEXT_VERSION, {"enrollment": enrollment_id}).scalar_one(),
        user_id=user_id,
        course_id=course_id,
        course_title=title,
        completed_at=now,
    )
    outbox.add(session, event)
    return now
