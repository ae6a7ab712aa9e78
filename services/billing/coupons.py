"""Coupons: who may use which, how much it takes off, and never one use more than there are."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased
from uuid_utils.compat import uuid7

from services.billing.models import Coupon, CouponUse, Order
from shared import audit, limits
from shared.audit import Origin
from shared.currencies import CURRENCIES, Unit, multiple_fault
from shared.errors import Conflict, Invalid, NotFound
from shared.limits import Limit
from shared.preconditions import Expected

# Of a code that anybody may use: a shorter one is soon guessed. Codes from before this rule stay good.
SHORTEST_PUBLIC_CODE = 8
GUESSES = Limit(
    "coupon-guesses",
    "wrong coupon codes",
    10,
    "account",
    timedelta(hours=1),
    "Look the code up where you got it, or buy without it.",
)


class CouponNotValid(Conflict):
    slug, title = "coupon-not-valid", "This coupon is not valid here"
    detail = "It is unknown, over, or for another course, currency or learner. Check the code, or buy without it."


class CouponSpent(Conflict):
    slug, title = "coupon-spent", "This coupon is used up"
    detail = "All of its uses are taken, or you have used it already. Buy without it."


class CouponLeavesTooLittle(Conflict):
    slug, title = "coupon-leaves-too-little", "With this coupon too little is left to pay"
    detail = "What remains is less than a card payment can be. Buy without it, or ask support."


class CouponCodeTaken(Conflict):
    slug, title = "coupon-code-taken", "There is a coupon with this code"
    detail = "Choose another code; GET /api/v1/admin/payments/coupons lists those there are."


class CouponNotFound(NotFound):
    slug, title = "coupon-not-found", "There is no such coupon"
    detail = "GET /api/v1/admin/payments/coupons lists those there are."


@dataclass(frozen=True)
class CouponTerms:
    """What a coupon is good for; either `percent` or `amount` with `currency`."""

    code: str
    percent: int | None
    amount: int | None
    currency: str | None
    course_id: UUID | None
    user_id: UUID | None
    max_uses: int | None
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True)
class Sale:
    """What the coupon is held against."""

    user_id: UUID
    course_id: UUID
    amount: int
    currency: str


def find_discount(session: Session, code: str, sale: Sale) -> int:
    """What the coupon takes off, minor units. Raises LimitReached, CouponLeavesTooLittle, and CouponNotValid, behind
    which the transaction has to be committed: a wrong code counts."""
    limits.use(session, GUESSES, sale.user_id)
    coupon = _find_valid(session, code, sale)
    limits.give_back(session, GUESSES, sale.user_id)
    discount = sale.amount * coupon.percent // 100 if coupon.percent else min(coupon.amount or 0, sale.amount)
    unit = CURRENCIES.get(sale.currency, Unit())
    if discount < sale.amount:
        # What is left must be an amount that can be charged, as the whole is.
        discount -= discount % unit.multiple
    if 0 < sale.amount - discount < unit.minimum:
        raise CouponLeavesTooLittle
    return discount


def hold_coupon(session: Session, code: str, order: Order) -> None:
    """Takes one use for the order, in its transaction. Raises CouponSpent: of a hundred that want ten uses ten win,
    because each waits for the coupon's row."""
    free = (Coupon.max_uses.is_(None)) | (Coupon.used < Coupon.max_uses)
    take = update(Coupon).where(Coupon.code == code, free).values(used=Coupon.used + 1).returning(Coupon.id)
    coupon_id = session.execute(take).scalar()
    if coupon_id is None:
        raise CouponSpent
    use = insert(CouponUse).values(order_id=order.id, coupon_id=coupon_id, user_id=order.user_id)
    if session.execute(use.on_conflict_do_nothing().returning(CouponUse.order_id)).first() is None:
        raise CouponSpent


def release_coupon(session: Session, order: Order) -> None:
    """The order came to nothing: its use is free again."""
    mine = (CouponUse.order_id == order.id, CouponUse.released_at.is_(None))
    let_go = update(CouponUse).where(*mine).values(released_at=func.now()).returning(CouponUse.coupon_id)
    _count(session, let_go, -1)


def hold_again(session: Session, order: Order) -> None:
    """The order was paid after all. Nobody is asked whether a use was left: the money has moved."""
    other = aliased(CouponUse)
    held = exists().where(
        other.coupon_id == CouponUse.coupon_id, other.user_id == CouponUse.user_id, other.released_at.is_(None)
    )
    mine = (CouponUse.order_id == order.id, CouponUse.released_at.is_not(None), ~held)
    _count(session, update(CouponUse).where(*mine).values(released_at=None).returning(CouponUse.coupon_id), 1)


def _count(session: Session, change: Any, by: int) -> None:
    coupon_id = session.execute(change).scalar()
    if coupon_id is not None:
        session.execute(update(Coupon).where(Coupon.id == coupon_id).values(used=Coupon.used + by))


def _find_valid(session: Session, code: str, sale: Sale) -> Coupon:
    coupon: Coupon | None = session.scalar(select(Coupon).where(Coupon.code == code))
    now = datetime.now(UTC)
    if (
        coupon is None
        or not coupon.active
        or not coupon.starts_at <= now < (coupon.ends_at or datetime.max.replace(tzinfo=UTC))
        or coupon.course_id not in (None, sale.course_id)
        or coupon.user_id not in (None, sale.user_id)
        or coupon.currency not in (None, sale.currency)
    ):
        raise CouponNotValid
    return coupon


def create_coupon(session: Session, terms: CouponTerms, origin: Origin) -> Coupon:
    """The new coupon. Raises CouponCodeTaken, Invalid for a window that ends before it begins, a short code that is
    for everybody, or an amount that can be taken off no charge."""
    if terms.user_id is None and len(terms.code) < SHORTEST_PUBLIC_CODE:
        message = f"must have at least {SHORTEST_PUBLIC_CODE} characters, unless the coupon is for one learner"
        raise Invalid("code", message, "too_short")
    _check_amount(terms)
    starts_at = terms.starts_at or datetime.now(UTC)
    if terms.ends_at is not None and terms.ends_at <= starts_at:
        raise Invalid("ends_at", "must be after starts_at, or after now without one", "too_early")
    values = {**vars(terms), "id": uuid7(), "starts_at": starts_at}
    statement = insert(Coupon).values(**values).on_conflict_do_nothing(index_elements=["code"])
    coupon: Coupon | None = session.scalar(statement.returning(Coupon))
    if coupon is None:
        raise CouponCodeTaken
    audit.record(session, origin, "coupon.created", coupon.id, code=coupon.code)
    return coupon


def _check_amount(terms: CouponTerms) -> None:
    if terms.amount is None or terms.currency is None:
        return
    if terms.currency not in CURRENCIES:
        raise Invalid("currency", "is not a currency that can be charged")
    if fault := multiple_fault(terms.amount, terms.currency):
        raise Invalid("amount", fault)


def end_coupon(session: Session, coupon_id: UUID, expected: Expected, origin: Origin) -> Coupon:
    """The coupon, which nobody can use any more; orders that hold it keep it. Raises CouponNotFound."""
    coupon = session.scalar(select(Coupon).where(Coupon.id == coupon_id).with_for_update())
    if coupon is None:
        raise CouponNotFound
    expected.check(coupon.version)
    coupon.active = False
    coupon.version += 1
    audit.record(session, origin, "coupon.ended", coupon.id, code=coupon.code)
    return coupon


def list_coupons(session: Session) -> list[Coupon]:
    """All, the newest first."""
    return list(session.scalars(select(Coupon).order_by(Coupon.id.desc()).limit(1000)))
