"""A lost webhook heals: pending orders are looked up at the provider and go through the same settlement."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.billing.mismatches import OWN_KINDS, find_own, store_findings
from services.billing.models import Order
from services.billing.orders import find_order_for_update, get_order
from services.billing.provider import Provider, ProviderUnavailable
from services.billing.settlement import abandon_order, record_sighting
from shared.database import Database
from shared.telemetry import get_logger

log = get_logger(__name__)

PENDING_FOR = timedelta(minutes=10)
BATCH = 500
# A learner who waits on the landing page asks each second; the provider is asked at most this often for an order.
LOOK_AGAIN_AFTER = timedelta(seconds=5)
# Readers who may be with the provider at once, in a process. The others are answered from the table.
_lookups = threading.BoundedSemaphore(4)


def settle_order(database: Database, provider: Provider, order: Order) -> None:
    """Brings the order to what the provider says now. Raises ProviderUnavailable."""
    sighting = provider.fetch_session(order.session_id) if order.session_id else None
    if sighting is not None:
        with database.begin() as session:
            record_sighting(session, sighting)


def refresh_order(database: Database, provider: Provider, order_id: UUID, user_id: UUID) -> Order:
    """The learner's own order; a pending one is looked up first, now and then. Raises OrderNotFound."""
    with database.begin() as session:
        order = get_order(session, order_id, user_id)
        look = order.status == "pending" and order.session_id is not None and _claim_look(session, order_id)
    if not look or not _lookups.acquire(blocking=False):
        return order
    try:
        settle_order(database, provider, order)
    except ProviderUnavailable as error:
        log.warning("order not looked up", order_id=str(order_id), error=str(error))
    finally:
        _lookups.release()
    with database.begin() as session:
        return get_order(session, order_id, user_id)


def _claim_look(session: Session, order_id: UUID) -> bool:
    """True for one caller per interval."""
    last = func.coalesce(Order.checked_at, Order.created_at)
    claim = update(Order).where(Order.id == order_id, last < func.now() - LOOK_AGAIN_AFTER)
    return session.scalar(claim.values(checked_at=func.now()).returning(Order.id)) is not None


def reconcile_orders(database: Database, provider: Provider) -> None:
    """Settles the orders that have been pending for over ten minutes, the longest unchecked first. One that fails
    does not hold up the others; it raises ProviderUnavailable when the provider does not answer at all. What
    our own tables show to be wrong afterwards is a mismatch."""
    started = datetime.now(UTC)
    while overlooked := _list_overlooked(database, started):
        for order in overlooked:
            _reconcile_order(database, provider, order)
    with database.begin() as session:
        store_findings(session, OWN_KINDS, find_own(session))


def _reconcile_order(database: Database, provider: Provider, order: Order) -> None:
    try:
        if order.session_id is None:
            _abandon_unopened(database, order.id)
        else:
            settle_order(database, provider, order)
    except ProviderUnavailable:
        raise
    except Exception as error:
        log.error("order not reconciled", order_id=str(order.id), exc_info=error)


def _list_overlooked(database: Database, started: datetime) -> list[Order]:
    """A batch that was not looked at since the run began. Marked as checked when taken, so that none comes twice."""
    waiting = (
        select(Order.id)
        .where(
            Order.status == "pending",
            Order.created_at < func.now() - PENDING_FOR,
            func.coalesce(Order.checked_at, Order.created_at) < started,
        )
        .order_by(Order.checked_at.asc().nulls_first())
        .limit(BATCH)
    )
    taken = update(Order).where(Order.id.in_(waiting)).values(checked_at=func.clock_timestamp()).returning(Order)
    with database.begin() as session:
        return list(session.scalars(taken))


def _abandon_unopened(database: Database, order_id: UUID) -> None:
    """Nobody ever got an address to pay at, and its attempt's time has passed: the course can be bought anew."""
    with database.begin() as session:
        order = find_order_for_update(session, order_id)
        if order and order.session_id is None and order.attempt_expires_at <= datetime.now(UTC):
            abandon_order(session, order, "not_opened")
