"""Shapes of billing's requests and answers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.schemas import Input, Money

OrderStatus = Literal["pending", "paid", "partly_refunded", "refunded", "failed", "disputed", "lost", "review"]


class CheckoutCreate(Input):
    """What to buy. There is no amount: the price is ours."""

    course_id: UUID


class OrderRead(BaseModel):
    """An order as its learner sees it. `checkout_url` is where to pay, null when that is not possible (any more);
    `refunded_amount` is in minor units of the price's currency."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    course_id: UUID
    course_title: str
    status: OrderStatus
    price: Money
    refunded_amount: int
    created_at: datetime
    paid_at: datetime | None
    checkout_url: str | None


class CheckoutRead(OrderRead):
    """The order, by the name under which a checkout knows it."""

    order_id: UUID


class PaymentRead(OrderRead):
    """An order as an administrator sees it. `surplus`: paid although the learner has another order for the course;
    `stray_session`: a paid Stripe session that names this order but is not its own."""

    user_id: UUID
    version: int
    paid_amount: int
    paid_currency: str
    failure: str
    failed_at: datetime | None
    dispute: str
    surplus: bool
    stray_session: str
    session_id: str | None
