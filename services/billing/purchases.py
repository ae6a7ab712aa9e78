"""An order is opened: once per learner and course, at our price, less what a coupon takes off."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.billing.coupons import CouponNotValid, Sale, find_discount, hold_coupon
from services.billing.models import CURRENT_STATUSES, Order, OrderLine, OrderStep, Product
from services.billing.orders import list_lines
from services.billing.products import (
    CourseIsFree,
    CourseNotForSale,
    PriceNotChargeable,
    find_price,
    get_product_for_sale,
)
from services.billing.timeline import has_access
from shared import limits
from shared.errors import Conflict, Invalid
from shared.limits import Limit

# Stripe refuses less than 30 minutes from its own clock's now; the minute is for the way there.
SESSION_LIFETIME = timedelta(minutes=31)
ATTEMPTS_TO_OPEN = 3
ORDERS = Limit("orders", "new orders", 30, "account", timedelta(hours=1), "Pay the order that is open, or ask support.")


class AlreadyPurchased(Conflict):
    slug, title = "already-purchased", "You have this course already"
    detail = "There is nothing to pay. Your courses are at GET /api/v1/enrollments."


class PaymentUnderReview(Conflict):
    slug, title = "payment-under-review", "Your payment is being looked at"
    detail = "A payment for this course did not fit its order. Do not pay again; support will come back to you."


class OpenOrderDiffers(Conflict):
    slug, title = "open-order-differs", "You have an open order on other terms"
    detail = "Pay it at its checkout_url, or give it up with POST /api/v1/payments/orders/{order_id}/cancel first."


class OrderOutdated(Exception):
    """The open order, whose id it is raised with, is at terms that do not hold any more, such as an old price."""


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
    coupon: str | None = None
    currency: str | None = None


def open_order(session: Session, purchase: Purchase) -> tuple[Order, bool]:
    """The order that this purchase means, and whether it is new: the one of the same key, else the open one, else a
    new one at the product's price. Raises AlreadyPurchased, PaymentUnderReview, OrderOutdated, OpenOrderDiffers,
    Invalid, CourseNotForSale, CourseIsFree, PriceNotChargeable, LimitReached, and what find_discount raises."""
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
    if order is not None and (order.course_id != purchase.course_id or _is_other_wish(order, purchase)):
        raise Invalid("Idempotency-Key", "was used for another purchase; use a new one for each", "key_reused")
    return order


def _find_open(session: Session, purchase: Purchase) -> Order | None:
    current = select(Order).where(
        Order.user_id == purchase.user_id,
        Order.course_id == purchase.course_id,
        Order.status.in_(CURRENT_STATUSES),
    )
    orders = {order.status: order for order in session.scalars(current)}
    if orders.keys() - {"pending", "review"} or has_access(session, purchase.user_id, purchase.course_id):
        raise AlreadyPurchased
    if "review" in orders:
        raise PaymentUnderReview
    order = orders.get("pending")
    # One whose page has expired is settled first; the money of one under way is not asked for again.
    if order is None or order.overdue or order.processing_at is not None:
        return order
    if _is_other_wish(order, purchase):
        raise OpenOrderDiffers(order_id=str(order.id))
    if _is_outdated(session, order, purchase):
        raise OrderOutdated(order.id)
    return order


def _is_other_wish(order: Order, purchase: Purchase) -> bool:
    return purchase.coupon != order.coupon or purchase.currency not in (None, order.currency)


def _is_outdated(session: Session, order: Order, purchase: Purchase) -> bool:
    """Whether the course now costs something else, or is not sold any more. The terms of a coupon never change."""
    try:
        listed = find_price(session, get_product_for_sale(session, order.course_id), purchase.currency)
    except (CourseNotForSale, CourseIsFree, PriceNotChargeable, Invalid):
        return True
    return listed != (list_lines(session, order)[0].list_amount, order.currency)


def _insert_order(session: Session, purchase: Purchase) -> Order | None:
    """None when another request was faster: by then its order is committed and can be found."""
    price = _price(session, purchase)
    values = {
        "id": uuid7(),
        "user_id": purchase.user_id,
        "course_id": purchase.course_id,
        "client_key": purchase.client_key,
        "coupon": purchase.coupon,
        "course_title": price.product.title,
        "amount": price.amount,
        "currency": price.currency,
        "attempt_expires_at": datetime.now(UTC) + SESSION_LIFETIME,
    }
    order = session.scalar(insert(Order).values(**values).on_conflict_do_nothing().returning(Order))
    if order is not None:
        session.add(_line(order, price, purchase.instructor_share))
        limits.use(session, ORDERS, purchase.user_id)
        if purchase.coupon:
            hold_coupon(session, purchase.coupon, order)
        session.add(OrderStep(order_id=order.id, step="ordered", at=order.created_at))
    return order


@dataclass(frozen=True)
class _Price:
    """What a purchase costs now, in minor units."""

    product: Product
    listed: int
    discount: int
    currency: str

    @property
    def amount(self) -> int:
        return self.listed - self.discount


def _price(session: Session, purchase: Purchase) -> _Price:
    product = get_product_for_sale(session, purchase.course_id)
    listed, currency = find_price(session, product, purchase.currency)
    sale = Sale(purchase.user_id, purchase.course_id, listed, currency)
    discount = find_discount(session, purchase.coupon, sale) if purchase.coupon else 0
    return _Price(product, listed, discount, currency)


def quote(session: Session, purchase: Purchase) -> dict[str, Any] | CouponNotValid:
    """What the purchase would cost. A wrong code is returned, not raised: its count has to be committed. Raises what
    open_order raises about products, prices and coupons."""
    try:
        price = _price(session, purchase)
    except CouponNotValid as wrong:
        return wrong
    amounts = {"list_price": price.listed, "discount": price.discount, "price": price.amount}
    return {name: {"amount": amount, "currency": price.currency} for name, amount in amounts.items()}


def _line(order: Order, price: _Price, instructor_share: int) -> OrderLine:
    return OrderLine(
        order_id=order.id,
        position=0,
        course_id=order.course_id,
        title=order.course_title,
        list_amount=price.listed,
        discount=price.discount,
        amount=order.amount,
        instructor_id=price.product.instructor_id,
        instructor_share=instructor_share,
    )
