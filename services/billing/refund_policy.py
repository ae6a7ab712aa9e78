"""When a learner may take the money back without asking anybody: soon after paying, before learning much, not often."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from services.billing.models import LessonUsed, Order, Progress, RefundRequest
from services.billing.orders import get_order
from services.billing.refunds import NothingToRefund, RefundWish, request_refund
from shared.errors import Conflict
from shared.events import CourseCompleted, LessonCompleted, LessonOpened
from shared.prepared import hot
from shared.transactions import later

# So many lessons may be read of any course, however few it has.
LESSONS_TO_TRY = 2
YEAR = timedelta(days=365)


class RefundWindowOver(Conflict):
    slug, title = "refund-window-over", "The time to return this course is over"


class TooMuchLearned(Conflict):
    slug, title = "refund-progress-over", "You have learned too much of this course to return it"


class TooManyReturns(Conflict):
    slug, title = "too-many-returns", "You have returned as many courses as you may by yourself"


@dataclass(frozen=True)
class RefundPolicy:
    """`window` from the payment on; `percent` is the most that may be read or completed of the course's lessons, or
    LESSONS_TO_TRY if that is more; `returns` is how many courses a learner may return in a year."""

    window: timedelta
    percent: int
    returns: int


def return_course(
    session: Session, order_id: UUID, user_id: UUID, wish: RefundWish, policy: RefundPolicy
) -> dict[str, Any]:
    """The wish, for one's own order. Raises OrderNotFound, NothingToRefund, RefundWindowOver,
    TooMuchLearned, TooManyReturns and what request_refund raises."""
    order = get_order(session, order_id, user_id)
    if order.paid_at is None:
        raise NothingToRefund
    if datetime.now(UTC) > order.paid_at + policy.window:
        raise RefundWindowOver(
            f"A course can be returned within {policy.window.days} days of the payment."
            " Write to support if it is broken or not what was promised."
        )
    _check_learned(session, order, policy.percent)
    _check_returns(session, user_id, policy.returns)
    return request_refund(session, order_id, wish)


def _check_learned(session: Session, order: Order, most: int) -> None:
    progress = session.get(Progress, (order.user_id, order.course_id))
    if progress is None:
        return
    mine = (LessonUsed.user_id == order.user_id, LessonUsed.course_id == order.course_id)
    counted = session.scalars(select(func.count()).select_from(LessonUsed).where(*mine)).one()
    used, total = max(counted, progress.completed), progress.lesson_count
    percent = max(progress.percent, min(100, 100 * used // total) if total else 0)
    few = bool(total) and used <= LESSONS_TO_TRY and progress.completed_at is None
    if percent > most and not few:
        raise TooMuchLearned(
            f"A course can be returned while at most {most} % of its lessons, or {LESSONS_TO_TRY} of them, were read or"
            f" completed; of this one you have used {percent} %. Write to support if something is wrong with it."
        )


def _check_returns(session: Session, user_id: UUID, most: int) -> None:
    """Counts under the locks of all orders that the learner paid, so that of two returns at once one sees the other."""
    paid = select(Order.id).where(Order.user_id == user_id, Order.paid_at.is_not(None)).order_by(Order.id)
    orders = session.scalars(paid.with_for_update()).all()
    returned = (
        RefundRequest.order_id.in_(orders),
        RefundRequest.requested_by == user_id,
        RefundRequest.status != "refused",
        RefundRequest.created_at > func.now() - YEAR,
    )
    if session.scalars(select(func.count()).select_from(RefundRequest).where(*returned)).one() >= most:
        raise TooManyReturns(
            f"A learner can return {most} courses in {YEAR.days} days without asking."
            " Write to support if something is wrong with this one."
        )


# Of a course that its learner never ordered nothing can be returned, so its lessons are not counted.
_USE = later(
    hot(
        text("""
    INSERT INTO lessons_used (user_id, course_id, lesson_id)
    SELECT CAST(:user_id AS uuid), CAST(:course_id AS uuid), CAST(:lesson_id AS uuid)
    WHERE EXISTS (SELECT FROM orders WHERE user_id = :user_id AND course_id = :course_id)
    ON CONFLICT DO NOTHING
""")
    )
)
_RECORD = later(
    hot(
        text("""
    INSERT INTO progress (user_id, course_id, percent, completed, lesson_count, completed_at)
    VALUES (:user_id, :course_id, :percent, :completed, :lesson_count, :completed_at)
    ON CONFLICT (user_id, course_id) DO UPDATE SET
        percent = greatest(progress.percent, excluded.percent),
        completed = greatest(progress.completed, excluded.completed),
        lesson_count = coalesce(nullif(excluded.lesson_count, 0), progress.lesson_count),
        completed_at = coalesce(progress.completed_at, excluded.completed_at)
""")
    )
)


def record_progress(session: Session, event: LessonOpened | LessonCompleted | CourseCompleted) -> None:
    """Keeps which lessons were used, the most that was ever completed, and when the whole first was."""
    mine: dict[str, Any] = {"user_id": event.user_id, "course_id": event.course_id}
    values: dict[str, Any] = {"percent": 0, "completed": 0, "lesson_count": 0, "completed_at": None}
    if isinstance(event, CourseCompleted):
        values |= {"percent": 100, "completed_at": datetime.now(UTC)}
    else:
        session.execute(_USE, {**mine, "lesson_id": event.lesson_id})
        values |= {"lesson_count": event.lesson_count}
    if isinstance(event, LessonCompleted):
        percent = min(100, 100 * event.completed_lessons // max(event.lesson_count, 1))
        values |= {"percent": percent, "completed": event.completed_lessons}
    session.execute(_RECORD, {**mine, **values})
