"""When a learner may take the money back without asking anybody: soon after paying, and before learning much."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.billing.models import Progress
from services.billing.orders import get_order
from services.billing.refunds import NothingToRefund, RefundWish, request_refund
from shared.errors import Conflict
from shared.events import CourseCompleted, LessonCompleted
from shared.prepared import hot
from shared.transactions import later


class RefundWindowOver(Conflict):
    slug, title = "refund-window-over", "The time to return this course is over"


class TooMuchLearned(Conflict):
    slug, title = "refund-progress-over", "You have learned too much of this course to return it"


@dataclass(frozen=True)
class RefundPolicy:
    """`window` from the payment on; `percent` is the most that may be completed of the course's lessons."""

    window: timedelta
    percent: int


def return_course(
    session: Session, order_id: UUID, user_id: UUID, wish: RefundWish, policy: RefundPolicy
) -> dict[str, Any]:
    """The wish, for one's own order. Raises OrderNotFound, NothingToRefund, RefundWindowOver,
    TooMuchLearned and what request_refund raises."""
    order = get_order(session, order_id, user_id)
    if order.paid_at is None:
        raise NothingToRefund
    if datetime.now(UTC) > order.paid_at + policy.window:
        raise RefundWindowOver(
            f"A course can be returned within {policy.window.days} days of the payment."
            " Write to support if it is broken or not what was promised."
        )
    progress = session.get(Progress, (order.user_id, order.course_id))
    if progress is not None and progress.percent > policy.percent:
        raise TooMuchLearned(
            f"A course can be returned while at most {policy.percent} % of its lessons are completed;"
            f" you have completed {progress.percent} %. Write to support if something is wrong with it."
        )
    return request_refund(session, order_id, wish)


_RECORD = later(
    hot(
        text("""
    INSERT INTO progress (user_id, course_id, percent, completed_at)
    VALUES (:user_id, :course_id, :percent, :completed_at)
    ON CONFLICT (user_id, course_id) DO UPDATE SET
        percent = greatest(progress.percent, excluded.percent),
        completed_at = coalesce(progress.completed_at, excluded.completed_at)
""")
    )
)


def record_progress(session: Session, event: LessonCompleted | CourseCompleted) -> None:
    """Keeps the most that was ever completed, and when the whole first was."""
    values: dict[str, Any] = {"percent": 100, "completed_at": datetime.now(UTC)}
    if isinstance(event, LessonCompleted):
        percent = min(100, 100 * event.completed_lessons // max(event.lesson_count, 1))
        values = {"percent": percent, "completed_at": None}
    session.execute(_RECORD, {"user_id": event.user_id, "course_id": event.course_id, **values})
