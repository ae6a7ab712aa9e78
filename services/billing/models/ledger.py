"""The books: entries, documents, their numbers, the days' totals, and who bought."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.declarative import Base


class LedgerEntry(Base):
    """One side of a posting: debit positive, credit negative. Rows are only ever inserted."""

    __tablename__ = "ledger_entries"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    posting: Mapped[str]
    account: Mapped[str]
    line: Mapped[int] = mapped_column(server_default="0")
    amount: Mapped[int]
    currency: Mapped[str]
    order_id: Mapped[UUID | None] = mapped_column(index=True)
    course_id: Mapped[UUID | None]
    instructor_id: Mapped[UUID]
    occurred_at: Mapped[datetime]
    booked_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("posting", "account", "line"),
        Index(
            "ix_ledger_entries_earnings",
            "instructor_id",
            "occurred_at",
            postgresql_where=text("account = 'instructor_payable'"),
        ),
    )


class RevenueDay(Base):
    """Totals of a day (UTC), in minor units: what of the revenue is tax, the instructors' and the academy's."""

    __tablename__ = "revenue_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    course_id: Mapped[UUID] = mapped_column(primary_key=True)
    instructor_id: Mapped[UUID] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    tax: Mapped[int]
    instructors: Mapped[int]
    academy: Mapped[int]


class DocumentCounter(Base):
    """The last number given in a series, such as INV-2026."""

    __tablename__ = "document_counters"

    series: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


class Document(Base):
    """An invoice, receipt or credit note. `refund_id` is empty unless a refund caused it."""

    __tablename__ = "documents"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    refund_id: Mapped[str] = mapped_column(server_default="")
    amount: Mapped[int]
    tax_amount: Mapped[int]
    currency: Mapped[str]
    issued_at: Mapped[datetime]
    voided_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("order_id", "kind", "refund_id"),)


class Buyer(Base):
    """Name and address as the buyer gave them at the payment: the one table of billing with personal data in it."""

    __tablename__ = "buyers"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    name: Mapped[str]
    address_lines: Mapped[list[str]] = mapped_column(JSONB)
    country: Mapped[str]
    tax_id: Mapped[str]


class Payout(Base):
    """Money that the academy paid to an instructor, outside of Stripe."""

    __tablename__ = "payouts"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    instructor_id: Mapped[UUID] = mapped_column(index=True)
    amount: Mapped[int]
    currency: Mapped[str]
    reference: Mapped[str]
    paid_by: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
