"""Prices in other currencies, and coupons."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.billing.models.declarative import Base


class Price(Base):
    """What a course costs in a currency that is not the one of its catalog price."""

    __tablename__ = "prices"

    course_id: Mapped[UUID] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[int]
    version: Mapped[int] = mapped_column(server_default="1")


class Coupon(Base):
    """Takes `percent` or `amount` (of `currency`) off; for one course or learner when named. `used` counts the orders
    that hold it."""

    __tablename__ = "coupons"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    percent: Mapped[int | None]
    amount: Mapped[int | None]
    currency: Mapped[str | None]
    course_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    max_uses: Mapped[int | None]
    used: Mapped[int] = mapped_column(server_default="0")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CouponUse(Base):
    """An order that holds a coupon; released when the order came to nothing."""

    __tablename__ = "coupon_uses"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    coupon_id: Mapped[UUID] = mapped_column(ForeignKey("coupons.id"))
    user_id: Mapped[UUID]
    released_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_coupon_uses_held", "coupon_id", "user_id", unique=True, postgresql_where=text("released_at IS NULL")),
    )
