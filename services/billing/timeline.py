"""What an order went through, step by step, from the click to the unlocked lesson and beyond."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, text
from sqlalchemy.orm import Session

from services.billing.models import OrderStep
from services.billing.orders import get_order
from shared.events import EnrollmentGranted, EnrollmentRevoked
from shared.prepared import hot
from shared.transactions import later

# Besides these and `ordered`, every status that the order takes is a step.
CHECKOUT_OPENED, PAYMENT_PROCESSING, MONEY_RECEIVED = "checkout_opened", "payment_processing", "money_received"
ACCESS_GRANTED, ACCESS_ENDED = "access_granted", "access_ended"
_STEPS: Any = OrderStep.__table__
_NOTE = later(hot(insert(_STEPS).inline()))
_BEHIND = text("""
    SELECT order_steps.order_id, order_steps.id, order_steps.step, order_steps.at
    FROM unnest(CAST(:orders AS uuid[]), CAST(:numbers AS bigint[])) AS seen(order_id, number)
    JOIN order_steps ON order_steps.order_id = seen.order_id AND order_steps.id > seen.number
    ORDER BY order_steps.id
""")
# An older event changes nothing; a step is noted for orders of ours only, and behind the order's lock like every other
# one: a number that becomes visible after a higher one would be missed by who goes on behind that one.
_RECORD = later(
    hot(
        text("""
    WITH heard AS (
        INSERT INTO enrollments (enrollment_id, version, user_id, course_id, order_id, active)
        VALUES (:enrollment_id, :version, :user_id, :course_id, CAST(:order_id AS uuid), :active)
        ON CONFLICT (enrollment_id) DO UPDATE SET
            version = excluded.version, user_id = excluded.user_id, course_id = excluded.course_id,
            order_id = excluded.order_id, active = excluded.active, heard_at = now()
        WHERE enrollments.version < excluded.version
        RETURNING enrollments.order_id
    )
    INSERT INTO order_steps (order_id, step, at)
    SELECT orders.id, CAST(:step AS text), clock_timestamp() FROM heard JOIN orders ON orders.id = heard.order_id
    FOR NO KEY UPDATE OF orders
""")
    )
)


def note_step(session: Session, order_id: UUID, step: str, at: datetime | None = None) -> None:
    """Adds a step. Call it where the thing happens, in its transaction and under the order's lock."""
    session.execute(_NOTE, {"order_id": order_id, "step": step, "at": at or datetime.now(UTC)})


def list_steps(session: Session, order_id: UUID, user_id: UUID) -> Sequence[Row[Any]]:
    """The steps of one's own order, oldest first, as `list_steps_behind` gives them. Raises OrderNotFound."""
    order = get_order(session, order_id, user_id)
    return list_steps_behind(session, {order.id: 0})


def list_steps_behind(session: Session, seen: Mapping[UUID, int]) -> Sequence[Row[Any]]:
    """(order_id, id, step, at) of each of these orders' steps behind the number given for it, oldest first.

    Whose orders they are is not asked.
    """
    values = {"orders": list(map(str, seen)), "numbers": list(seen.values())}
    return session.execute(_BEHIND, values).all()


def record_enrollment(session: Session, event: EnrollmentGranted | EnrollmentRevoked) -> None:
    """What catalog made of a payment; an older event changes nothing."""
    values = {
        "enrollment_id": event.enrollment_id,
        "version": event.version,
        "user_id": event.user_id,
        "course_id": event.course_id,
        "order_id": event.order_id,
        "active": event.active,
        "step": ACCESS_GRANTED if event.active else ACCESS_ENDED,
    }
    session.execute(_RECORD, values)
