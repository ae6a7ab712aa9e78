"""Billing's HTTP doors."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.billing import checkout, mismatches, reconciliation, searching, stripe_events
from services.billing.coupons import GUESSES
from services.billing.dependencies import DatabaseDep, PaymentFilter, ProviderDep
from services.billing.provider import CALLS
from services.billing.purchases import ORDERS, Purchase
from services.billing.schemas import CheckoutCreate, CheckoutRead, MismatchRead, OrderRead, PaymentRead
from services.billing.searching import OrderFilter
from services.billing.settings import Settings
from services.billing.webhook_gateway import verify_event
from shared import failpoints
from shared.auth import PUBLIC, Actor, require
from shared.bodies import KB
from shared.database import Database, SessionDep
from shared.limits import refusals
from shared.pagination import Page, PageDep
from shared.routing import AcademyRouter
from shared.slots import needs
from shared.threads import run_in_thread

# Stripe's events stay below it.
WEBHOOK_LIMIT = 512 * KB

router = AcademyRouter(prefix="/api/v1")
Buyer = Annotated[Actor, require("payments:make")]
Reader = Annotated[Actor, require("payments:read")]
CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Any unique text; a request repeated with it means the same order",
    ),
]


@router.post(
    "/payments/checkouts",
    tags=["payments"],
    status_code=201,
    response_model=CheckoutRead,
    responses={
        200: {"model": CheckoutRead, "description": "The open order that there is for it already"},
        **refusals(ORDERS, GUESSES),
    },
)
@needs(CALLS)
def start_checkout(
    actor: Buyer,
    wanted: CheckoutCreate,
    database: DatabaseDep,
    provider: ProviderDep,
    request: Request,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Opens a checkout for a course: send the learner to `checkout_url`. 200 instead of 201 when the learner has an
    open order for it already: a second click gets the same one back."""
    settings: Settings = request.app.state.settings
    share = settings.instructor_share_percent * 100
    purchase = Purchase(actor.user_id, wanted.course_id, idempotency_key, share, wanted.coupon, wanted.currency)
    order, created = checkout.start_checkout(database, provider, purchase)
    response.status_code = 201 if created else 200
    return order


@router.get("/payments/orders", tags=["payments"], response_model=Page[OrderRead])
def list_orders(actor: Buyer, session: SessionDep, page: PageDep) -> Any:
    """Your orders, newest first."""
    items, next_cursor = searching.list_orders(session, OrderFilter(user_id=actor.user_id), page)
    return {"items": items, "next_cursor": next_cursor}


@router.get("/payments/orders/{order_id}", tags=["payments"], response_model=OrderRead)
def get_order(actor: Buyer, order_id: UUID, database: DatabaseDep, provider: ProviderDep) -> Any:
    """One of your orders. Ask again each second while it is `pending` after the payment page."""
    return reconciliation.refresh_order(database, provider, order_id, actor.user_id)


@router.post("/payments/orders/{order_id}/cancel", tags=["payments"], response_model=OrderRead)
@needs(CALLS)
def cancel_order(actor: Buyer, order_id: UUID, database: DatabaseDep, provider: ProviderDep) -> Any:
    """Gives up one of your open orders, so that the course can be bought on other terms. One that was paid by then
    stays paid: look at the status."""
    return checkout.cancel_order(database, provider, order_id, actor.user_id)


@router.get("/admin/payments", tags=["admin"], response_model=Page[PaymentRead])
def list_payments(
    actor: Reader, session: SessionDep, page: PageDep, wanted: Annotated[PaymentFilter, Depends()]
) -> Any:
    """All orders, newest first; `status=review` and `surplus=true` are those that need a person."""
    items, next_cursor = searching.list_orders(session, OrderFilter(**vars(wanted)), page)
    return {"items": items, "next_cursor": next_cursor}


@router.get("/admin/payments/export", tags=["admin"], response_class=StreamingResponse, responses=CSV)
def export_payments(
    actor: Reader, database: DatabaseDep, wanted: Annotated[PaymentFilter, Depends()], bom: bool = False
) -> Any:
    """The same as CSV, all of them, sent as they are read. With `bom=true` it begins with a byte order mark, by which
    Excel knows that it is UTF-8."""
    headers = {"Content-Disposition": 'attachment; filename="payments.csv"', "Cache-Control": "no-store"}
    rows = searching.export_orders(database, OrderFilter(**vars(wanted)), bom)
    return StreamingResponse(rows, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/admin/payments/mismatches", tags=["admin"], response_model=list[MismatchRead])
def list_mismatches(
    actor: Reader,
    session: SessionDep,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Any:
    """Where Stripe, our orders and catalog do not agree, with cause and owner, the oldest first. It should be empty."""
    return mismatches.list_mismatches(session, limit)


@router.post(
    "/payments/webhooks/stripe",
    tags=["webhooks"],
    dependencies=[PUBLIC],
    max_body_size=WEBHOOK_LIMIT,
    responses={400: {"description": "Not signed by Stripe"}, 413: {"description": "Larger than 512 KB"}},
)
async def receive_stripe_event(request: Request, database: DatabaseDep) -> dict[str, bool]:
    """For Stripe alone: a signed event. 200 means that it is stored for good."""
    settings: Settings = request.app.state.settings
    body = await request.body()
    event = verify_event(body, request.headers.get("stripe-signature"), settings.webhook_secrets, settings.livemode)
    await run_in_thread(_commit_event, database, event)
    return {"received": True}


def _commit_event(database: Database, event: stripe_events.VerifiedEvent) -> None:
    with database.begin() as session:
        stripe_events.store_event(session, event)
        failpoints.reach("webhook-before-commit")
    failpoints.reach("webhook-after-commit")
