"""Completing lessons, and with the last one the course."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import delete, exists, func, select, text
from sqlalchemy.orm import Session

from services.catalog.courses.models import Course
from services.catalog.courses.outline import LessonNotFound, get_lesson
from services.catalog.learning.models import CourseCompletion, Enrollment, LessonCompletion
from services.catalog.learning.progress import MINE, TOLD, CourseProgress, get_progress, progress_from, why_not
from shared import outbox
from shared.events import CourseCompleted, LessonCompleted
from shared.prepared import hot
from shared.transactions import later

# In the order in which editing locks too; of the course only what holds its outline still. Of two tabs of a learner
# that complete the last two lessons at once, the second to get the lock sees the first's.
LOCK = f"{MINE} FOR KEY SHARE OF courses FOR UPDATE OF enrollments"
_LOCK = hot(text(LOCK))
_LOCK_LATER = later(_LOCK)
# Marks the lesson and tells the progress. `next_version` is the enrollment's when the mark is new, else none. What the
# statement writes its own reads do not see, hence the union.
MARK = f"""
    WITH mine AS ({MINE}), marked AS (
        INSERT INTO lesson_completions (enrollment_id, lesson_id, completed_at)
        SELECT mine.id, lessons.id, clock_timestamp() FROM mine
        JOIN lessons ON lessons.id = :lesson AND lessons.course_id = :course
        ON CONFLICT DO NOTHING RETURNING lesson_id, completed_at
    ), counted AS (
        UPDATE enrollments SET version = enrollments.version + 1 FROM mine, marked WHERE enrollments.id = mine.id
        RETURNING enrollments.version
    ), marks AS (
        SELECT lesson_id, completed_at FROM lesson_completions JOIN mine ON mine.id = enrollment_id
        UNION ALL SELECT lesson_id, completed_at FROM marked
    )
    SELECT mine.id, mine.version, mine.title, mine.lesson_count, bool_or(lessons.id = :lesson) AS known,
        (SELECT version FROM counted) AS next_version, {TOLD}
"""  # nosec B608 # put together of constants
_MARK = hot(text(MARK))
_COMPLETE = later(
    hot(
        text("""
    WITH completed AS (INSERT INTO course_completions (enrollment_id, completed_at) VALUES (:enrollment, :now))
    UPDATE enrollments SET version = :version WHERE id = :enrollment
""")
    )
)


@dataclass(frozen=True)
class Finisher:
    """A locked enrollment whose last lesson is complete; `version` is its present one."""

    enrollment_id: UUID
    version: int
    user_id: UUID
    course_id: UUID
    course_title: str


def complete_lesson(session: Session, course_id: UUID, lesson_id: UUID, user_id: UUID) -> CourseProgress:
    """The progress after the lesson is marked complete; again changes nothing. With the last lesson the course is
    completed, once. Raises CourseNotFound, NotEnrolled, LessonNotFound."""
    mine = {"course": course_id, "learner": user_id}
    session.execute(_LOCK_LATER, mine)
    marked = session.execute(_MARK, {**mine, "lesson": lesson_id}).first()
    if marked is None:
        raise why_not(session, course_id)
    if not marked.known:
        raise LessonNotFound
    if marked.next_version is not None:
        event = LessonCompleted(
            enrollment_id=marked.id,
            version=marked.next_version,
            user_id=user_id,
            course_id=course_id,
            lesson_id=lesson_id,
            completed_lessons=marked.completed,
            lesson_count=marked.lesson_count,
        )
        outbox.add(session, event)
    progress = progress_from(course_id, marked)
    if progress.completed_at is None and progress.completed >= marked.lesson_count:
        version = marked.next_version or marked.version
        completed_at = _complete_course(session, Finisher(marked.id, version, user_id, course_id, marked.title))
        progress = replace(progress, completed_at=completed_at)
    return progress


def undo_lesson(session: Session, course_id: UUID, lesson_id: UUID, user_id: UUID) -> CourseProgress:
    """The progress after the mark is taken back; a completed course stays completed. Raises as complete_lesson."""
    enrollment_id = session.scalar(_LOCK, {"course": course_id, "learner": user_id})
    if enrollment_id is None:
        raise why_not(session, course_id)
    lesson = get_lesson(session, course_id, lesson_id)
    mark = (LessonCompletion.enrollment_id == enrollment_id, LessonCompletion.lesson_id == lesson.id)
    session.execute(delete(LessonCompletion).where(*mark))
    return get_progress(session, course_id, user_id)


def complete_finished(session: Session, course: Course) -> None:
    """After lessons were removed from the locked course: who has completed all that are left has completed it."""
    done = select(func.count()).where(LessonCompletion.enrollment_id == Enrollment.id).scalar_subquery()
    finished = (
        select(Enrollment.id, Enrollment.version, Enrollment.user_id)
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
        finisher = Finisher(enrollment.id, enrollment.version, enrollment.user_id, course.id, course.title)
        _complete_course(session, finisher)


def _complete_course(session: Session, finisher: Finisher) -> datetime:
    """When it was completed, which was now; the caller has seen no completion under the lock."""
    now = datetime.now(UTC)
    event = CourseCompleted(
        enrollment_id=finisher.enrollment_id,
        version=finisher.version + 1,
        user_id=finisher.user_id,
        course_id=finisher.course_id,
        course_title=finisher.course_title,
        completed_at=now,
    )
    session.execute(_COMPLETE, {"enrollment": finisher.enrollment_id, "version": event.version, "now": now})
    outbox.add(session, event)
    return now
