"""From the click to a page where one can pay. Stripe is called between transactions, never inside one."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.billing.coupons import CouponNotValid
from services.billing.facts import CANCELLED
from services.billing.models import Order
from services.billing.orders import OrderNotFound, find_order_for_update, get_order, terms_of
from services.billing.provider import (
    CALLS,
    AttemptSpent,
    CheckoutRefused,
    OpenSession,
    Provider,
    ProviderUnavailable,
)
from services.billing.purchases import SESSION_LIFETIME, OrderBusy, OrderOutdated, Purchase, open_order
from services.billing.reconciliation import settle_order
from services.billing.settlement import abandon_order, settle_free_order
from services.billing.timeline import CHECKOUT_OPENED, note_step
from shared import failpoints
from shared.database import Database
from shared.errors import Conflict, Unavailable
from shared.slots import require_slot
from shared.telemetry import get_logger

log = get_logger(__name__)

SESSION_ATTEMPTS = 3


class PaymentsUnavailable(Unavailable):
    slug, title = "payments-unavailable", "The payment provider does not answer"
    detail = "Nothing was charged and your order is kept. Try again in a few seconds to continue with it."


class PaymentRefused(Conflict):
    slug, title = "payment-refused", "The payment provider does not take this payment"
    detail = "Nothing was charged. The price cannot be paid as it is, so trying again is no use: tell support."


def start_checkout(database: Database, provider: Provider, purchase: Purchase) -> tuple[Order, bool]:
    """The order with its open session, and whether it is new. An open order at an old price is ended first. Raises
    PaymentsUnavailable, PaymentRefused and all that open_order raises; the order is committed before Stripe is asked,
    so the next click continues with it. The route takes a slot of CALLS."""
    require_slot(CALLS)
    try:
        order, created = _open(database, purchase)
    except OrderOutdated as outdated:
        cancel_order(database, provider, outdated.args[0], purchase.user_id)
        order, created = _open_anew(database, purchase)
    try:
        if order.overdue:
            settle_order(database, provider, order)
            order, created = _open(database, purchase)
        if order.status == "pending" and order.session_id is None:
            order = _open_session(database, provider, order)
    except ProviderUnavailable as error:
        log.warning("payment provider unavailable", order_id=str(order.id), error=str(error))
        return _opened_meanwhile(database, order.id), False
    return order, created


def _open(database: Database, purchase: Purchase) -> tuple[Order, bool]:
    with database.begin() as session:
        outcome = _open_unless_wrong(session, purchase)
    if isinstance(outcome, CouponNotValid):
        raise outcome
    return outcome


def _open_anew(database: Database, purchase: Purchase) -> tuple[Order, bool]:
    """After an outdated order was ended."""
    try:
        return _open(database, purchase)
    except OrderOutdated as error:
        # The price has changed once more, or a parallel click was faster.
        raise OrderBusy from error


def _open_unless_wrong(session: Session, purchase: Purchase) -> tuple[Order, bool] | CouponNotValid:
    """A wrong coupon code is returned and not raised: its count has to be committed, and is all there is to commit."""
    try:
        order, created = open_order(session, purchase)
    except CouponNotValid as wrong:
        return wrong
    if order.amount == 0 and order.status == "pending":
        settle_free_order(session, order)
    return order, created


def cancel_order(database: Database, provider: Provider, order_id: UUID, user_id: UUID) -> Order:
    """One's own order, given up if it was not paid by then. Raises OrderNotFound, PaymentsUnavailable. The route
    takes a slot of CALLS."""
    require_slot(CALLS)
    with database.begin() as session:
        order = _give_up(session, order_id, user_id)
    if order.status != "pending":
        return order
    try:
        if order.session_id is not None:
            provider.expire_session(order.session_id)
            settle_order(database, provider, order)
    except ProviderUnavailable as error:
        log.warning("order not cancelled", order_id=str(order.id), error=str(error))
        raise PaymentsUnavailable from error
    with database.begin() as session:
        current = find_order_for_update(session, order_id)
        if current is not None and current.status == "pending" and current.session_id is None:
            abandon_order(session, current, CANCELLED)
        return get_order(session, order_id, user_id)


def _give_up(session: Session, order_id: UUID, user_id: UUID) -> Order:
    """The wish is kept first: Stripe's word that the session ended may reach the worker before it reaches us."""
    get_order(session, order_id, user_id)
    order = find_order_for_update(session, order_id)
    if order is None:
        raise OrderNotFound
    if order.status == "pending" and order.given_up_at is None:
        order.given_up_at = datetime.now(UTC)
    return order


def _opened_meanwhile(database: Database, order_id: UUID) -> Order:
    """A parallel click with the same key makes Stripe refuse ours while it works on theirs."""
    with database.begin() as session:
        order = session.get_one(Order, order_id)
    if order.checkout_url is None:
        raise PaymentsUnavailable
    return order


def _open_session(database: Database, provider: Provider, order: Order) -> Order:
    for _ in range(SESSION_ATTEMPTS):
        terms = terms_of(order)
        try:
            opened: OpenSession | None = provider.open_session(terms)
        except AttemptSpent as error:
            log.warning("checkout attempt spent", order_id=str(order.id), attempt=order.attempt, error=str(error))
            opened = provider.find_session(terms)
        except CheckoutRefused as error:
            log.error("ALERT the payment provider never takes this payment", order_id=str(order.id), error=str(error))
            _abandon(database, order.id)
            raise PaymentRefused from error
        failpoints.reach("checkout-before-store")
        order = _store_outcome(database, order, opened)
        if order.status != "pending" or order.session_id is not None:
            return order
    log.error("ALERT payment provider refuses to open a session", order_id=str(order.id), attempt=order.attempt)
    raise PaymentsUnavailable


def _abandon(database: Database, order_id: UUID) -> None:
    with database.begin() as session:
        current = find_order_for_update(session, order_id)
        if current is not None and current.status == "pending" and current.session_id is None:
            abandon_order(session, current, "not_opened")


def _store_outcome(database: Database, order: Order, opened: OpenSession | None) -> Order:
    """The order with its session; without one it goes on to the next attempt, unless a parallel click did already."""
    with database.begin() as session:
        current = find_order_for_update(session, order.id)
        if current is None:
            raise PaymentsUnavailable
        if current.session_id is None and current.attempt == order.attempt:
            if opened:
                current.session_id, current.session_url = opened.id, opened.url
                current.attempt_expires_at = opened.expires_at
                note_step(session, current.id, CHECKOUT_OPENED)
            else:
                current.attempt += 1
                current.attempt_expires_at = datetime.now(UTC) + SESSION_LIFETIME
    return current
