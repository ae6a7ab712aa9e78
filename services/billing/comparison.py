"""The longer looks: each hour the events that Stripe has, each night everything that moved at Stripe."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.billing import check_ledger, mismatches
from services.billing.mismatches import OWN_KINDS, Finding
from services.billing.models import Order, PullCursor
from services.billing.provider import Provider
from services.billing.settlement import record_sighting
from services.billing.sightings import Sighting
from services.billing.stripe_events import store_event
from shared.database import Database
from shared.inbox import Unprocessable
from shared.telemetry import get_logger

log = get_logger(__name__)

# Stripe tries a webhook for three days, so what is missing after that is missing for good.
LOOK_BACK = timedelta(days=3)
OVERLAP = timedelta(hours=2)
EVENTS = "stripe-events"
NIGHTLY_KINDS = OWN_KINDS | {"order-unknown", "order-unsettled", "payment-unknown", "books-unbalanced"}


def pull_events(database: Database, provider: Provider) -> None:
    """Stores every event since the last pull that no webhook brought, as if it had. All of them and not only those
    that Stripe could not deliver: after a restore from a backup we have lost some that it did deliver."""
    started = datetime.now(UTC)
    with database.begin() as session:
        cursor = session.get(PullCursor, EVENTS)
    since = max(cursor.read_until - OVERLAP, started - LOOK_BACK) if cursor else started - LOOK_BACK
    for event in provider.list_events(since):
        with database.begin() as session:
            store_event(session, event)
    with database.begin() as session:
        row = insert(PullCursor).values(name=EVENTS, read_until=started)
        session.execute(row.on_conflict_do_update(index_elements=["name"], set_={"read_until": started}))


def compare_everything(database: Database, provider: Provider) -> None:
    """Holds each session, refund and dispute of the last three days against its order, and settles what nobody told
    us; then looks at our own tables. What does not agree even now is a mismatch."""
    since = datetime.now(UTC) - LOOK_BACK
    findings, paid = [], set[UUID]()
    for sighting in provider.list_sightings(since):
        try:
            with database.begin() as session:
                order = record_sighting(session, sighting)
        except Unprocessable as error:
            findings.append(Finding("order-unknown", sighting.session_id, str(error), "billing"))
            continue
        except Exception as error:
            # One order that cannot be settled must not keep the others from being looked at.
            log.error("order not compared", session_id=sighting.session_id, exc_info=error)
            findings.append(
                Finding("order-unsettled", sighting.session_id, f"{type(error).__name__}: {error}", "billing")
            )
            continue
        if order is not None and sighting.paid_at:
            paid.add(order.id)
    findings += _payments_unknown(database, provider, since, paid)
    faults = check_ledger.find_faults(database)
    findings += [Finding("books-unbalanced", fault[:200], "make ledger shows more", "billing") for fault in faults]
    with database.begin() as session:
        findings += mismatches.find_own(session)
        mismatches.store_findings(session, NIGHTLY_KINDS, findings)
    for finding in findings:
        log.error("ALERT mismatch", **vars(finding))


def _payments_unknown(database: Database, provider: Provider, since: datetime, paid: set[UUID]) -> list[Finding]:
    """Orders that we hold for paid and of which Stripe knows no payment."""
    with database.begin() as session:
        orders = [order for order in _list_paid(session, since) if order.id not in paid]
    findings = []
    for order in orders:
        shown: Sighting | None = provider.fetch_session(order.session_id) if order.session_id else None
        if shown is None or shown.paid_at is None:
            findings.append(
                Finding("payment-unknown", str(order.id), "we hold it for paid, Stripe knows no payment", "billing")
            )
    return findings


def _list_paid(session: Session, since: datetime) -> list[Order]:
    # What cost nothing never was at Stripe.
    return list(session.scalars(select(Order).where(Order.paid_at >= since, Order.paid_amount > 0)))
