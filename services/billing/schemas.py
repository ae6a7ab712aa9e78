"""Shapes of billing's requests and answers."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.schemas import Input, Money, Name, ShortText

OrderStatus = Literal[
    "pending", "paid", "refund_pending", "partly_refunded", "refunded", "failed", "disputed", "lost", "review"
]
RefundStatus = Literal["requested", "sent", "refused", "pending", "succeeded", "failed"]
Reason = Annotated[ShortText, Field(min_length=3, description="Why, for whoever asks later")]


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


class OrderStepRead(BaseModel):
    """Something that happened to an order: `ordered`, `checkout_opened`, `money_received` (when Stripe says so),
    `access_granted`, `access_ended`, or a status that it took."""

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

    amount: Annotated[int, Field(ge=1, le=99_999_999)] | None = None
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


class DocumentRead(BaseModel):
    """An invoice, receipt or credit note; its PDF is at /payments/documents/{id}/pdf. Minor units, tax included."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    number: str
    kind: Literal["invoice", "receipt", "credit_note"]
    amount: int
    tax_amount: int
    currency: str
    issued_at: datetime
    voided_at: datetime | None


class Movement(BaseModel):
    """A change of an instructor's balance in minor units: `cause` is the ledger's posting."""

    at: datetime
    cause: str
    order_id: UUID | None
    course_id: UUID | None
    amount: int


class Statement(BaseModel):
    """An instructor's balance in one currency before, within and after a time."""

    currency: str
    opening: int
    movements: list[Movement]
    closing: int


class PayoutCreate(Input):
    """A payment to an instructor that was made at the bank; `reference` finds it there."""

    instructor_id: UUID
    payout: Money
    reference: Name


class PayoutRead(BaseModel):
    """A booked payout."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    instructor_id: UUID
    amount: int
    currency: str
    reference: str
    created_at: datetime


RevenueGroup = Literal["day", "course", "instructor", "currency"]


class RevenueQuery(Input):
    """Days are UTC, both included."""

    group: RevenueGroup
    since: date | None = None
    until: date | None = None
    course_id: UUID | None = None
    instructor_id: UUID | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None


class RevenueRow(BaseModel):
    """Minor units; `gross` is `tax` + `instructors` + `academy`."""

    key: str | None
    currency: str
    gross: int
    tax: int
    instructors: int
    academy: int
