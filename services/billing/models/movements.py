"""Money that came, went back, or is questioned."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.declarative import Base


class Payment(Base):
    """Money that arrived for an order; `id` is Stripe's PaymentIntent."""

    __tablename__ = "payments"

    id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), index=True)
    session_id: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    paid_at: Mapped[datetime]


class Refund(Base):
    """Money that went back, or was meant to; `id` is Stripe's."""

    __tablename__ = "refunds"

    id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), index=True)
    amount: Mapped[int]
    status: Mapped[str]
    # The wish of ours that it fulfils; None for one that was made at Stripe's own pages.
    request_id: Mapped[UUID | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class RefundRequest(Base):
    """Somebody here wants money to go back. `requested` until Stripe has taken it (`sent`) or not (`refused`)."""

    __tablename__ = "refund_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), index=True)
    amount: Mapped[int]
    reason: Mapped[str]
    requested_by: Mapped[UUID]
    status: Mapped[str] = mapped_column(server_default="requested")
    refusal: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Dispute(Base):
    """A payment that the cardholder's bank questions; `id` is Stripe's."""

    __tablename__ = "disputes"

    id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), index=True)
    amount: Mapped[int]
    status: Mapped[str]
    reason: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
