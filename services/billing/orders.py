"""Orders: found, locked, listed."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from services.billing.models import Order, OrderLine
from services.billing.provider import CheckoutTerms
from shared.errors import NotFound
from shared.pagination import PageRequest, cut_page, sort_key


class OrderNotFound(NotFound):
    slug, title = "order-not-found", "You have no such order"
    detail = "Check the id; GET /api/v1/payments/orders lists your orders."


@dataclass(frozen=True)
class OrderFilter:
    """What an administrator looks for; None is anything."""

    status: str | None = None
    user_id: UUID | None = None
    course_id: UUID | None = None
    surplus: bool | None = None


def list_lines(session: Session, order: Order) -> list[OrderLine]:
    """What the order is for, in order."""
    mine = select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.position)
    return list(session.scalars(mine))


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
    statement = select(Order).where(Order.id == order_id).with_for_update()
    return session.scalar(statement.execution_options(populate_existing=True))


def get_order(session: Session, order_id: UUID, user_id: UUID) -> Order:
    """The learner's own order. Raises OrderNotFound, for another's order too."""
    order = session.get(Order, order_id)
    if order is None or order.user_id != user_id:
        raise OrderNotFound
    return order


def list_orders(session: Session, wanted: OrderFilter, page: PageRequest) -> tuple[list[Order], str | None]:
    """A page of the orders that fit, newest first, and the next page's cursor."""
    conditions: list[ColumnElement[bool]] = [
        column == value
        for column, value in (
            (Order.status, wanted.status),
            (Order.user_id, wanted.user_id),
            (Order.course_id, wanted.course_id),
            (Order.surplus, wanted.surplus),
        )
        if value is not None
    ]
    if after := sort_key(page, UUID):
        conditions.append(Order.id < after[0])
    statement = select(Order).where(*conditions).order_by(Order.id.desc()).limit(page.limit + 1)
    return cut_page(session.scalars(statement).all(), page, lambda order: [order.id])
