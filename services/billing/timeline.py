"""What an order went through, step by step, from the click to the unlocked lesson and beyond."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing.models import Enrollment, Order, OrderStep
from services.billing.orders import get_order
from shared.events import EnrollmentGranted, EnrollmentRevoked
from shared.prepared import hot
from shared.transactions import later

# Besides these and `ordered`, every status that the order takes is a step.
CHECKOUT_OPENED, PAYMENT_PROCESSING, MONEY_RECEIVED = "checkout_opened", "payment_processing", "money_received"
ACCESS_GRANTED, ACCESS_ENDED = "access_granted", "access_ended"
_STEPS: Any = OrderStep.__table__
_NOTE = later(hot(insert(_STEPS).inline()))
_NOTE_IF_OURS = later(
    hot(
        insert(_STEPS)
        .from_select(
            ["order_id", "step", "at"],
            select(
                Order.id,
                bindparam("its_step", type_=OrderStep.step.type),
                bindparam("noted_at", type_=OrderStep.at.type),
            )
            .where(Order.id == bindparam("order"))
            # Behind the order's lock like every other step: a number that becomes visible after a higher one would be
            # missed by who goes on behind that one. Readers who only point at the order need not wait.
            .with_for_update(key_share=True),
        )
        .inline()
    )
)


def note_step(session: Session, order_id: UUID, step: str, at: datetime | None = None) -> None:
    """Adds a step. Call it where the thing happens, in its transaction and under the order's lock."""
    session.execute(_NOTE, {"order_id": order_id, "step": step, "at": at or datetime.now(UTC)})


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
    if heard is not None and event.order_id is not None:
        step = ACCESS_GRANTED if event.active else ACCESS_ENDED
        session.execute(_NOTE_IF_OURS, {"order": event.order_id, "its_step": step, "noted_at": datetime.now(UTC)})
