"""What a course costs, and what coupons take off."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Request

from services.billing import coupons, products, purchases
from services.billing.coupons import CouponTerms
from services.billing.products import CurrencyPrice
from services.billing.purchases import Purchase
from services.billing.schemas import CouponCreate, CouponRead, CurrencyPriceRead, PriceWrite, QuoteCreate, QuoteRead
from shared.audit import OriginDep
from shared.auth import Actor, require
from shared.database import SessionDep
from shared.errors import Problem, problem_response
from shared.limits import refusals
from shared.preconditions import IfMatch
from shared.routing import AcademyRouter

router = AcademyRouter(prefix="/api/v1")
Buyer = Annotated[Actor, require("payments:make")]
Administrator = Annotated[Actor, require("payments:admin")]
Reader = Annotated[Actor, require("payments:read")]


@dataclass
class PricePlace:
    """Which price of which course."""

    course_id: UUID
    currency: Annotated[str, Path(pattern="^[A-Z]{3}$")]


@router.post("/payments/quotes", tags=["payments"], response_model=QuoteRead, responses=refusals(coupons.GUESSES))
def quote_price(request: Request, actor: Buyer, session: SessionDep, wanted: QuoteCreate) -> Any:
    """What a course would cost you now, in a currency and with a coupon. A quote holds nothing."""
    purchase = Purchase(actor.user_id, wanted.course_id, coupon=wanted.coupon, currency=wanted.currency)
    quoted = purchases.quote(session, purchase)
    return problem_response(request, quoted) if isinstance(quoted, Problem) else quoted


@router.get("/admin/payments/prices/{course_id}", tags=["admin"], response_model=list[CurrencyPriceRead])
def list_prices(actor: Reader, session: SessionDep, course_id: UUID) -> Any:
    """What a course costs in currencies beside the one of its catalog price."""
    return products.list_prices(session, course_id)


@router.put("/admin/payments/prices/{course_id}/{currency}", tags=["admin"], response_model=CurrencyPriceRead)
def set_price(
    actor: Administrator,
    session: SessionDep,
    place: Annotated[PricePlace, Depends()],
    price: PriceWrite,
    expected: IfMatch,
    origin: OriginDep,
) -> Any:
    """What a course costs in a currency beside the one of its catalog price. The first price needs no If-Match."""
    wanted = CurrencyPrice(place.course_id, place.currency, price.amount)
    return products.set_price(session, wanted, expected, origin.of(actor))


@router.post("/admin/payments/coupons", tags=["admin"], status_code=201, response_model=CouponRead)
def create_coupon(actor: Administrator, session: SessionDep, coupon: CouponCreate, origin: OriginDep) -> Any:
    """A coupon: percent or a fixed amount, for all or for one course or learner, limited in number and time. Each
    learner can use it once. A code for all has at least 8 characters."""
    return coupons.create_coupon(session, CouponTerms(**coupon.model_dump()), origin.of(actor))


@router.get("/admin/payments/coupons", tags=["admin"], response_model=list[CouponRead])
def list_coupons(actor: Reader, session: SessionDep) -> Any:
    """All coupons and how often each is held, the newest first."""
    return coupons.list_coupons(session)


@router.delete("/admin/payments/coupons/{coupon_id}", tags=["admin"], response_model=CouponRead)
def end_coupon(actor: Administrator, session: SessionDep, coupon_id: UUID, expected: IfMatch, origin: OriginDep) -> Any:
    """Ends a coupon; orders that hold it keep it."""
    return coupons.end_coupon(session, coupon_id, expected, origin.of(actor))
