"""What an order went through, step by step, from the click to the unlocked lesson and beyond."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from services.billing.orders import get_order
from shared.events import EnrollmentGranted, EnrollmentRevoked
from shared.prepared import hot
from shared.transactions import later

# Besides these and `ordered`, every status that the order takes is a step.
CHECKOUT_OPENED, PAYMENT_PROCESSING, MONEY_RECEIVED = "checkout_opened", "payment_processing", "money_received"
ACCESS_GRANTED, ACCESS_ENDED = "access_granted", "access_ended"
# Stripe's times are whole seconds and of its own clock: a step is never older than the one before it.
_NOTE = later(
    hot(
        text("""
    INSERT INTO order_steps (order_id, step, at) SELECT CAST(:order_id AS uuid), CAST(:step AS text), greatest(
        CAST(:at AS timestamptz), (SELECT max(at) FROM order_steps WHERE order_id = CAST(:order_id AS uuid))
    )
""")
    )
)
_BEHIND = text("""
    SELECT order_steps.order_id, order_steps.id, order_steps.step, order_steps.at
    FROM unnest(CAST(:orders AS uuid[]), CAST(:numbers AS bigint[])) AS seen(order_id, number)
    JOIN order_steps ON order_steps.order_id = seen.order_id AND order_steps.id > seen.number
    ORDER BY order_steps.id
""")
# An older event changes nothing; a step is noted for orders of ours only, and behind the order's lock like every other
# one: a number that becomes visible after a higher one would be missed by who goes on behind that one. Access by other
# reasons counts for each paid order that has not heard of any. Pending orders are locked too: one that is being paid at
# this moment is seen here, or sees this access (`note_access`).
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
        RETURNING enrollments.active
    ), concerned AS (
        SELECT orders.id, orders.status FROM heard JOIN orders ON orders.id = CAST(:order_id AS uuid)
            OR (heard.active AND orders.user_id = :user_id AND orders.course_id = :course_id
                AND orders.status IN ('pending', 'paid', 'refund_pending', 'partly_refunded'))
        FOR NO KEY UPDATE OF orders
    )
    INSERT INTO order_steps (order_id, step, at)
    SELECT concerned.id, CAST(:step AS text), clock_timestamp() FROM concerned
    WHERE concerned.id = CAST(:order_id AS uuid) OR (
        concerned.status <> 'pending' AND NOT EXISTS (
            SELECT FROM order_steps WHERE order_steps.order_id = concerned.id AND order_steps.step = 'access_granted'
        )
    )
""")
    )
)


# Access that is there, by whatever reason; that of an order whose money went back is about to end.
_ACTIVE = """
    enrollments.active AND NOT EXISTS (
        SELECT FROM orders AS ended WHERE ended.id = enrollments.order_id AND ended.status IN ('refunded', 'lost')
    )
"""
# Their own courses instructors have without an enrollment.
HAS_ACCESS = f"""
    SELECT EXISTS (
        SELECT FROM enrollments
        WHERE enrollments.user_id = :user_id AND enrollments.course_id = :course_id AND {_ACTIVE}
    ) OR EXISTS (SELECT FROM products WHERE course_id = :course_id AND instructor_id = :user_id)
"""  # nosec B608 # put together of constants
NOTE_ACCESS = f"""
    INSERT INTO order_steps (order_id, step, at)
    SELECT orders.id, 'access_granted', clock_timestamp()
    FROM orders JOIN order_lines ON order_lines.order_id = orders.id
    JOIN enrollments ON enrollments.course_id = order_lines.course_id
        AND enrollments.user_id = coalesce(order_lines.recipient_id, orders.user_id)
    WHERE orders.id = :order_id AND {_ACTIVE}
"""  # nosec B608 # put together of constants
_HAS_ACCESS = hot(text(HAS_ACCESS))
_NOTE_ACCESS = later(hot(text(NOTE_ACCESS)))


def has_access(session: Session, user_id: UUID, course_id: UUID) -> bool:
    """Whether the course is open to the person already, as far as catalog has told."""
    return bool(session.scalar(_HAS_ACCESS, {"user_id": user_id, "course_id": course_id}))


def note_access(session: Session, order_id: UUID) -> None:
    """Of a locked order that has just been paid: the access that its people have already. Catalog tells of access only
    when it changes, so of theirs no event will come."""
    session.execute(_NOTE_ACCESS, {"order_id": order_id})


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
