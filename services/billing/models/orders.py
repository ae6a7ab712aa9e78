"""What is for sale, and who bought it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.declarative import Base

# An order in one of these stands in the way of a second one for the same learner and course.
CURRENT_STATUSES = ("pending", "paid", "refund_pending", "partly_refunded", "disputed", "review")
# Who earns from a course whose instructor is not known: courses projected before instructors were.
NOBODY = UUID(int=0)
CURRENT = f"status IN ({', '.join(repr(status) for status in CURRENT_STATUSES)}) AND NOT surplus"


class Product(Base):
    """Projection of catalog's courses. `version` is the newest event's; an archived course stays as a tombstone."""

    __tablename__ = "products"

    course_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    title: Mapped[str]
    price_amount: Mapped[int]
    price_currency: Mapped[str]
    published: Mapped[bool]
    instructor_id: Mapped[UUID] = mapped_column(server_default=str(NOBODY))


class Order(Base):
    """One learner's purchase of one course, with title and price as they were. The columns from `paid_amount` on are
    facts; `status` follows from them (facts.order_status)."""

    __tablename__ = "orders"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    course_id: Mapped[UUID]
    course_title: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    client_key: Mapped[str | None]
    coupon: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default="pending")
    version: Mapped[int] = mapped_column(server_default="1")
    # The attempt's key and expiry are stored before Stripe is called: a repeated call must be the same call.
    attempt: Mapped[int] = mapped_column(server_default="1")
    attempt_expires_at: Mapped[datetime]
    session_id: Mapped[str | None] = mapped_column(unique=True)
    session_url: Mapped[str | None]
    paid_amount: Mapped[int] = mapped_column(server_default="0")
    paid_currency: Mapped[str] = mapped_column(server_default="")
    paid_at: Mapped[datetime | None]
    # Since when a payment that takes days is or was under way.
    processing_at: Mapped[datetime | None]
    failure: Mapped[str] = mapped_column(server_default="")
    # When its learner wanted it no more; what becomes of it is the provider's word.
    given_up_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    # Of `amount`, as Stripe Tax computed it; the lines are name, rate, jurisdiction, amount.
    tax_amount: Mapped[int] = mapped_column(server_default="0")
    tax_lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    refunded_amount: Mapped[int] = mapped_column(server_default="0")
    dispute: Mapped[str] = mapped_column(server_default="none")
    stray_session: Mapped[str] = mapped_column(server_default="")
    stray_returned: Mapped[bool] = mapped_column(server_default=text("false"))
    # Paid although another order for the same course is current: a person decides which one to refund.
    surplus: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    checked_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("user_id", "client_key"),
        Index("uq_orders_current", "user_id", "course_id", unique=True, postgresql_where=text(CURRENT)),
        Index("ix_orders_user_id_id", "user_id", "id"),
        Index("ix_orders_course_id_id", "course_id", "id"),
        Index("ix_orders_status_id", "status", "id"),
        Index("ix_orders_pending", "created_at", postgresql_where=text("status = 'pending'")),
    )

    @property
    def order_id(self) -> UUID:
        """The id, as a checkout calls it."""
        return self.id

    @property
    def key(self) -> str:
        """Stripe's idempotency key of the current attempt."""
        return f"order:{self.id}:session:{self.attempt}"

    @property
    def price(self) -> dict[str, Any]:
        """What is owed."""
        return {"amount": self.amount, "currency": self.currency}

    @property
    def overdue(self) -> bool:
        """Its session's time has passed and nobody told us how it ended."""
        open_session = self.status == "pending" and self.session_id is not None
        return open_session and self.attempt_expires_at <= datetime.now(UTC)

    @property
    def checkout_url(self) -> str | None:
        """Where to pay, while that is possible."""
        payable = self.status == "pending" and self.processing_at is None and not self.overdue
        return self.session_url if payable else None


class OrderLine(Base):
    """What an order is for, with title, price and share as they were. A checkout makes one, for its buyer; bundles,
    gifts and seats are lines too. Each gives its course once, to its recipient (none: the buyer); amounts are of the
    whole quantity. `instructor_share` is in ten-thousandths of the net price."""

    __tablename__ = "order_lines"
    __table_args__ = (
        CheckConstraint("kind IN ('course')", name="kind"),
        CheckConstraint("quantity >= 1", name="quantity"),
        Index("ix_order_lines_recipient_id", "recipient_id", postgresql_where=text("recipient_id IS NOT NULL")),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    course_id: Mapped[UUID]
    title: Mapped[str]
    list_amount: Mapped[int]
    discount: Mapped[int]
    amount: Mapped[int]
    instructor_id: Mapped[UUID]
    instructor_share: Mapped[int]
    kind: Mapped[str] = mapped_column(server_default="course")
    recipient_id: Mapped[UUID | None]
    quantity: Mapped[int] = mapped_column(server_default="1")


class Progress(Base):
    """Projection of catalog's completed lessons: the most that a learner has ever completed of a course. Marks that
    are taken back do not count, or every course could be learned and returned."""

    __tablename__ = "progress"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    course_id: Mapped[UUID] = mapped_column(primary_key=True)
    percent: Mapped[int]
    # The most ever completed, and of how many; 0 where only the percentage was told.
    completed: Mapped[int] = mapped_column(server_default="0")
    lesson_count: Mapped[int] = mapped_column(server_default="0")
    # When we heard that the course is completed: its certificate must follow.
    completed_at: Mapped[datetime | None]


class LessonUsed(Base):
    """Projection of catalog: a lesson that somebody who ordered the course has read or completed, at any time."""

    __tablename__ = "lessons_used"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    course_id: Mapped[UUID] = mapped_column(primary_key=True)
    lesson_id: Mapped[UUID] = mapped_column(primary_key=True)
