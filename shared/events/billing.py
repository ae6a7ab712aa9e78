"""What billing publishes. Amounts are minor units."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

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


class GrantedCourse(BaseModel):
    """A course, and whose it is by an order."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    user_id: UUID
    course_id: UUID


class AccessEvent(PaymentEvent):
    """Decides about access. `grants` is all that the order gives, each time the same; empty: the buyer, `user_id`, gets
    the course that the event names."""

    grants: tuple[GrantedCourse, ...] = ()


class PaymentSucceeded(AccessEvent):
    paid_at: AwareDatetime


class PaymentFailed(PaymentEvent):
    reason: str = ""


class PaymentRefunded(AccessEvent):
    """`refunded_amount` is the total refunded so far; access ends only when `full` is true. A refund
    that fails afterwards is told again with a smaller total: `full` false gives the access back."""

    refunded_amount: int
    full: bool


class PaymentDisputed(AccessEvent):
    dispute_id: str
    reason: str = ""


class DisputeClosed(AccessEvent):
    dispute_id: str
    won: bool
