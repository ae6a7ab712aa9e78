"""What an order went through, step by step, from the click to the unlocked lesson and beyond."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.models import Enrollment, Order, OrderStep
from services.billing.orders import get_order
from shared.events import EnrollmentGranted, EnrollmentRevoked

# Besides these and `ordered`, every status that the order takes is a step.
CHECKOUT_OPENED, MONEY_RECEIVED = "checkout_opened", "money_received"
ACCESS_GRANTED, ACCESS_ENDED = "access_granted", "access_ended"


def note_step(session: Session, order_id: UUID, step: str, at: datetime | None = None) -> None:
    """Adds a step. Call it where the thing happens, in its transaction and under the order's lock."""
    session.add(OrderStep(order_id=order_id, step=step, at=at or datetime.now(UTC)))


def list_steps(session: Session, order_id: UUID, user_id: UUID, after: int = 0) -> list[OrderStep]:
    """The steps of one's own order behind the given one, oldest first. Raises OrderNotFound."""
    order = get_order(session, order_id, user_id)
    behind = (OrderStep.order_id == order.id, OrderStep.id > after)
    return list(session.scalars(select(OrderStep).where(*behind).order_by(OrderStep.id)))


def record_enrollment(session: Session, event: EnrollmentGranted | EnrollmentRevoked) -> None:
    """What catalog made of a payment; an older event changes nothing."""
    values = {
        "version": event.version,
        "user_id": event.user_id,
        "course_id": event.course_id,
        "order_id": event.order_id,
        "active": event.active,
    }
    statement = insert(Enrollment).values(enrollment_id=event.enrollment_id, **values)
    newer = statement.on_conflict_do_update(
        index_elements=[Enrollment.enrollment_id],
        set_={**values, "heard_at": func.now()},
        where=Enrollment.version < event.version,
    )
    heard = session.execute(newer.returning(Enrollment.enrollment_id)).first()
    if heard is not None and event.order_id is not None and session.get(Order, event.order_id) is not None:
        note_step(session, event.order_id, ACCESS_GRANTED if event.active else ACCESS_ENDED)
