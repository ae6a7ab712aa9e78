"""Shapes of billing's requests and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.codes import CLEANED
from shared.currencies import LARGEST_AMOUNT
from shared.schemas import Input, Moment, Money, ShortText

OrderStatus = Literal[
    "pending",
    "paid",
    "refund_pending",
    "partly_refunded",
    "refunded",
    "failed",
    "cancelled",
    "disputed",
    "lost",
    "review",
]
CouponCode = Annotated[str, StringConstraints(to_upper=True, pattern="^[A-Za-z0-9_-]{3,40}$"), CLEANED]
CurrencyCode = Annotated[str, Field(pattern="^[A-Z]{3}$")]
RefundStatus = Literal["requested", "sent", "refused", "pending", "succeeded", "failed"]
Reason = Annotated[ShortText, Field(min_length=3, description="Why, for whoever asks later")]


class CheckoutCreate(Input):
    """What to buy. There is no amount: the price is ours. Without a currency it is the catalog's."""

    course_id: UUID
    coupon: CouponCode | None = None
    currency: CurrencyCode | None = None


class OrderRead(BaseModel):
    """An order as its learner sees it. `checkout_url` is where to pay, null when that is not possible (any more);
    `processing_at`: since when a payment that takes days (a bank debit) is or was under way;
    `refunded_amount` is in minor units of the price's currency."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    course_id: UUID
    course_title: str
    status: OrderStatus
    price: Money
    refunded_amount: int
    created_at: datetime
    processing_at: datetime | None
    paid_at: datetime | None
    checkout_url: str | None


class OrderStepRead(BaseModel):
    """Something that happened to an order: `ordered`, `checkout_opened`, `payment_processing` (the payment was made and
    takes days), `money_received` (when Stripe says so), `access_granted`, `access_ended`, or a status that it took."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    step: str
    at: datetime


class MismatchRead(BaseModel):
    """Something on which Stripe, our orders or catalog do not agree."""

    model_config = ConfigDict(from_attributes=True)

    kind: str
    subject: str
    cause: str
    owner: str
    found_at: datetime


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


class RefundCreate(Input):
    """How much of the payment goes back, in minor units of its currency; left out, all that is left."""

    amount: Annotated[int, Field(ge=1, le=LARGEST_AMOUNT)] | None = None
    reason: Reason


class ReturnCreate(Input):
    """Why the learner returns the course."""

    reason: Reason


class RefundRead(BaseModel):
    """Money on its way back. `requested`: not with Stripe yet; `sent`, `pending`: with Stripe or the bank; `refused`:
    Stripe will not (`refusal` says why); `failed`: the bank could not. `id` is null for a refund made at Stripe."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID | None
    status: RefundStatus
    amount: Money
    reason: str
    refusal: str
    created_at: datetime


class QuoteCreate(CheckoutCreate):
    """What to price: as a checkout."""


class QuoteRead(BaseModel):
    """The list price, what the coupon takes off, and what would be paid."""

    list_price: Money
    discount: Money
    price: Money


class PriceWrite(Input):
    """Minor units; at least the smallest payment in the currency."""

    amount: int = Field(ge=1, le=LARGEST_AMOUNT)


class CurrencyPriceRead(BaseModel):
    """A course's price in a currency, minor units."""

    model_config = ConfigDict(from_attributes=True)

    course_id: UUID
    currency: str
    amount: int
    version: int


class CouponTerms(Input):
    """What a coupon takes off, in percent or minor units, for whom, and when."""

    code: CouponCode
    percent: Annotated[int, Field(ge=1, le=100)] | None = None
    amount: Annotated[int, Field(ge=1, le=LARGEST_AMOUNT)] | None = None
    currency: CurrencyCode | None = None
    course_id: UUID | None = None
    user_id: UUID | None = None
    max_uses: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None


class CouponCreate(CouponTerms):
    """Either `percent`, or `amount` in minor units of `currency`. Without `starts_at` it is good at once."""

    @model_validator(mode="after")
    def _makes_sense(self) -> "CouponCreate":
        if (self.percent is None) == (self.amount is None) or (self.amount is None) != (self.currency is None):
            raise ValueError("name either percent, or amount and currency")
        return self


class CouponRead(CouponTerms):
    """A coupon; `used` counts the orders that hold it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    used: int
    active: bool
    version: int
