"""Anybody's order, for support."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel

from services.billing import histories
from services.billing.book_shapes import DocumentRead
from services.billing.schemas import OrderStepRead, PaymentRead, RefundRead
from shared.auth import Actor, require
from shared.database import ReadDep
from shared.routing import AcademyRouter
from shared.schemas import Money

router = AcademyRouter(prefix="/api/v1")
Reader = Annotated[Actor, require("payments:read")]


class DisputeRead(BaseModel):
    """A payment that a bank questions; its id finds it at Stripe."""

    id: str
    status: Literal["open", "won", "lost"]
    amount: Money
    reason: str
    updated_at: datetime


class PaymentHistory(BaseModel):
    """All that an order went through, for whoever has to explain it. Each list begins with the oldest."""

    order: PaymentRead
    steps: list[OrderStepRead]
    refunds: list[RefundRead]
    disputes: list[DisputeRead]
    documents: list[DocumentRead]


@router.get("/admin/payments/{order_id}/history", tags=["admin"], response_model=PaymentHistory)
def read_payment_history(actor: Reader, session: ReadDep, order_id: UUID) -> Any:
    """Anybody's order with each step and its time, its refunds, disputes and documents: why it is what it is."""
    return histories.read_history(session, order_id)
