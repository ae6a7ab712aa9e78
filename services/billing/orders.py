"""Orders: found, locked, listed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from services.billing.models import Order, OrderLine
from services.billing.provider import CheckoutTerms
from shared.errors import NotFound
from shared.events.billing import GrantedCourse
from shared.prepared import hot

_TABLE: Any = OrderLine.__table__
_LINES = hot(select(_TABLE).where(_TABLE.c.order_id == bindparam("order")).order_by(_TABLE.c.position))
_LOCKED = hot(
    select(Order).where(Order.id == bindparam("order")).with_for_update().execution_options(populate_existing=True)
)


class OrderNotFound(NotFound):
    slug, title = "order-not-found", "You have no such order"
    detail = "Check the id; GET /api/v1/payments/orders lists your orders."


def list_lines(session: Session, order: Order) -> Sequence[OrderLine]:
    """What the order is for, in order; rows with the columns of OrderLine. Read once in a session, since they never
    change and events and books both ask."""
    known: dict[UUID, Any] = session.info.setdefault("order_lines", {})
    if order.id not in known:
        known[order.id] = session.execute(_LINES, {"order": order.id}).all()
    lines: Sequence[OrderLine] = known[order.id]
    return lines


def list_grants(session: Session, order: Order) -> tuple[GrantedCourse, ...]:
    """All that the order gives, and to whom; empty when that is its course to its buyer."""
    given = {(line.recipient_id or order.user_id, line.course_id) for line in list_lines(session, order)}
    if given <= {(order.user_id, order.course_id)}:
        return ()
    return tuple(GrantedCourse(user_id=user_id, course_id=course_id) for user_id, course_id in sorted(given))


def terms_of(order: Order) -> CheckoutTerms:
    """What the session of the order's current attempt is made of."""
    return CheckoutTerms(
        order_id=order.id,
        user_id=order.user_id,
        course_id=order.course_id,
        title=order.course_title,
        amount=order.amount,
        currency=order.currency,
        attempt=order.attempt,
        key=order.key,
        expires_at=order.attempt_expires_at,
    )


def find_order_for_update(session: Session, order_id: UUID) -> Order | None:
    """The order as it is now, locked until the transaction ends."""
    return session.scalar(_LOCKED, {"order": order_id})


def get_order(session: Session, order_id: UUID, user_id: UUID) -> Order:
    """The learner's own order. Raises OrderNotFound, for another's order too."""
    order = session.get(Order, order_id)
    if order is None or order.user_id != user_id:
        raise OrderNotFound
    return order
