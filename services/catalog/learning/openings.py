"""Which lessons of a bought course its learner has read: each counts once, for the refund policy of billing."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shared import outbox
from shared.database import Database
from shared.events import LessonOpened
from shared.prepared import hot
from shared.telemetry import get_logger

log = get_logger(__name__)

# No row for whoever is not enrolled by a purchase, for a preview, and for what was opened before.
_OPEN = hot(
    text("""
    WITH opened AS (
        INSERT INTO lesson_openings (enrollment_id, lesson_id, opened_at)
        SELECT enrollments.id, lessons.id, clock_timestamp()
        FROM enrollments JOIN lessons ON lessons.course_id = enrollments.course_id
        WHERE enrollments.user_id = :learner AND enrollments.active AND lessons.id = :lesson AND NOT lessons.is_preview
            AND EXISTS (
                SELECT FROM grants WHERE grants.enrollment_id = enrollments.id AND grants.order_id IS NOT NULL
            )
        ON CONFLICT DO NOTHING RETURNING enrollment_id
    )
    SELECT opened.enrollment_id, courses.id AS course_id, courses.lesson_count
    FROM opened JOIN lessons ON lessons.id = :lesson JOIN courses ON courses.id = lessons.course_id
""")
)


def record_opening(session: Session, lesson_id: UUID, user_id: UUID) -> None:
    """Notes that the learner was given the lesson or a file of it; LessonOpened at the first time."""
    opened: Any = session.execute(_OPEN, {"lesson": lesson_id, "learner": user_id}).first()
    if opened is not None:
        event = LessonOpened(
            enrollment_id=opened.enrollment_id,
            user_id=user_id,
            course_id=opened.course_id,
            lesson_id=lesson_id,
            lesson_count=opened.lesson_count,
        )
        outbox.add(session, event)


def record_opening_later(database: Database, lesson_id: UUID, user_id: UUID) -> None:
    """The same in a transaction of its own, when the answer has been sent: nothing waits for it."""
    try:
        with database.begin() as session:
            record_opening(session, lesson_id, user_id)
    except SQLAlchemyError as error:
        log.warning("the opening of a lesson was not recorded", lesson_id=str(lesson_id), exc_info=error)
