"""What billing publishes. Amounts are minor units."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.event import Event


class PaymentEvent(Event):
    source: ClassVar[str] = "billing"
    subject_field: ClassVar[str] = "order_id"
    order_id: UUID
    version: int
    user_id: UUID
    course_id: UUID
    course_title: str
    amount: int
    currency: str


class PaymentSucceeded(PaymentEvent):
    paid_at: AwareDatetime


class PaymentFailed(PaymentEvent):
    reason: str = ""


class PaymentRefunded(PaymentEvent):
    """`refunded_amount` is the total refunded so far; access ends only when `full` is true. A refund
    that fails afterwards is told again with a smaller total: `full` false gives the access back."""

    refunded_amount: int
    full: bool


class PaymentDisputed(PaymentEvent):
    dispute_id: str
    reason: str = ""


class DisputeClosed(PaymentEvent):
    dispute_id: str
    won: bool
