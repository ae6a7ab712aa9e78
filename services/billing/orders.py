"""Orders: opened once per learner and course, found, listed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.billing.models import CURRENT_STATUSES, Order, OrderLine, OrderStep, Product
from services.billing.products import get_product_for_sale
from services.billing.provider import CheckoutTerms
from shared.errors import Conflict, Invalid, NotFound
from shared.pagination import PageRequest, cut_page, sort_key

# Stripe refuses less than 30 minutes from its own clock's now; the minute is for the way there.
SESSION_LIFETIME = timedelta(minutes=31)
ATTEMPTS_TO_OPEN = 3


class OrderNotFound(NotFound):
    slug, title = "order-not-found", "You have no such order"
    detail = "Check the id; GET /api/v1/payments/orders lists your orders."


class AlreadyPurchased(Conflict):
    slug, title = "already-purchased", "You have bought this course"
    detail = "There is nothing to pay. Your courses are at GET /api/v1/enrollments."


class PaymentUnderReview(Conflict):
    slug, title = "payment-under-review", "Your payment is being looked at"
    detail = "A payment for this course did not fit its order. Do not pay again; support will come back to you."


class OrderBusy(Conflict):
    slug, title = "order-busy", "This order is changing right now"
    detail = "Send the same request again."


@dataclass(frozen=True)
class Purchase:
    """Who wants to buy what; `client_key`: the caller's Idempotency-Key; `instructor_share`: ten-thousandths of net."""

    user_id: UUID
    course_id: UUID
    client_key: str | None = None
    instructor_share: int = 0


@dataclass(frozen=True)
class OrderFilter:
    """What an administrator looks for; None is anything."""

    status: str | None = None
    user_id: UUID | None = None
    course_id: UUID | None = None
    surplus: bool | None = None


def open_order(session: Session, purchase: Purchase) -> tuple[Order, bool]:
    """The order that this purchase means, and whether it is new: the one of the same key, else the open one, else a
    new one at the product's price. Raises AlreadyPurchased, PaymentUnderReview, Invalid, CourseNotForSale,
    CourseIsFree."""
    for _ in range(ATTEMPTS_TO_OPEN):
        order = _find_by_key(session, purchase) or _find_open(session, purchase)
        if order is not None:
            return order, False
        order = _insert_order(session, purchase)
        if order is not None:
            return order, True
    raise OrderBusy


def _find_by_key(session: Session, purchase: Purchase) -> Order | None:
    if purchase.client_key is None:
        return None
    wanted = (Order.user_id == purchase.user_id, Order.client_key == purchase.client_key)
    order = session.scalar(select(Order).where(*wanted))
    if order is not None and order.course_id != purchase.course_id:
        raise Invalid("Idempotency-Key", "was used for another course; use a new one for each purchase", "key_reused")
    return order


def _find_open(session: Session, purchase: Purchase) -> Order | None:
    current = select(Order).where(
        Order.user_id == purchase.user_id,
        Order.course_id == purchase.course_id,
        Order.status.in_(CURRENT_STATUSES),
    )
    orders = {order.status: order for order in session.scalars(current)}
    if orders.keys() - {"pending", "review"}:
        raise AlreadyPurchased
    if "review" in orders:
        raise PaymentUnderReview
    return orders.get("pending")


def _insert_order(session: Session, purchase: Purchase) -> Order | None:
    """None when another request was faster: by then its order is committed and can be found."""
    product = get_product_for_sale(session, purchase.course_id)
    values = {
        "id": uuid7(),
        "user_id": purchase.user_id,
        "course_id": purchase.course_id,
        "client_key": purchase.client_key,
        "course_title": product.title,
        "amount": product.price_amount,
        "currency": product.price_currency,
        "attempt_expires_at": datetime.now(UTC) + SESSION_LIFETIME,
    }
    order = session.scalar(insert(Order).values(**values).on_conflict_do_nothing().returning(Order))
    if order is not None:
        session.add(_line(order, product, purchase.instructor_share))
        session.add(OrderStep(order_id=order.id, step="ordered", at=order.created_at))
    return order


def _line(order: Order, product: Product, instructor_share: int) -> OrderLine:
    return OrderLine(
        order_id=order.id,
        position=0,
        course_id=product.course_id,
        title=product.title,
        list_amount=product.price_amount,
        discount=product.price_amount - order.amount,
        amount=order.amount,
        instructor_id=product.instructor_id,
        instructor_share=instructor_share,
    )


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
