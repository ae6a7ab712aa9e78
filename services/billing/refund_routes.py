"""Money back: by administrators, and by learners within the policy."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request

from services.billing import refund_policy, refunds
from services.billing.refund_policy import RefundPolicy
from services.billing.refunds import RefundWish
from services.billing.schemas import RefundCreate, RefundRead, ReturnCreate
from services.billing.settings import Settings
from shared.audit import OriginDep
from shared.auth import Actor, require
from shared.database import SessionDep
from shared.routing import AcademyRouter

router = AcademyRouter(prefix="/api/v1")
Buyer = Annotated[Actor, require("payments:make")]
Refunder = Annotated[Actor, require("payments:refund")]


def _policy(request: Request) -> RefundPolicy:
    settings: Settings = request.app.state.settings
    window = timedelta(days=settings.refund_window_days)
    return RefundPolicy(window, settings.refund_progress_percent, settings.refund_returns_per_year)


PolicyDep = Annotated[RefundPolicy, Depends(_policy)]


@router.post("/payments/orders/{order_id}/refunds", tags=["payments"], status_code=202, response_model=RefundRead)
def return_course(
    actor: Buyer, session: SessionDep, order_id: UUID, wish: ReturnCreate, policy: PolicyDep, origin: OriginDep
) -> Any:
    """Gives all of your money back while the policy allows it: soon after paying, before reading
    much, and not too often. Access ends
    when Stripe has confirmed the refund; until then the order is `refund_pending`."""
    return_of_all = RefundWish(None, wish.reason, origin.of(actor))
    return refund_policy.return_course(session, order_id, actor.user_id, return_of_all, policy)


@router.post("/admin/payments/{order_id}/refunds", tags=["admin"], status_code=202, response_model=RefundRead)
def refund_payment(actor: Refunder, session: SessionDep, order_id: UUID, wish: RefundCreate, origin: OriginDep) -> Any:
    """Gives back a part of a payment, or all that is left of it. Only the last cent ends the access."""
    return refunds.request_refund(session, order_id, RefundWish(wish.amount, wish.reason, origin.of(actor)))


@router.get("/payments/orders/{order_id}/refunds", tags=["payments"], response_model=list[RefundRead])
def list_refunds(actor: Buyer, session: SessionDep, order_id: UUID) -> Any:
    """The refunds of one of your orders, oldest first."""
    return refunds.list_own_refunds(session, order_id, actor.user_id)
