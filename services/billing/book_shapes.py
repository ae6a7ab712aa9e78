"""Shapes of what the books show: documents, statements, payouts, revenue."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.schemas import Input, Money, Name


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


class MoneyPaidOut(Input, Money):
    """Minor units of an ISO 4217 currency."""


class PayoutCreate(Input):
    """A payment to an instructor that was made at the bank; `reference` finds it there."""

    instructor_id: UUID
    payout: MoneyPaidOut
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
