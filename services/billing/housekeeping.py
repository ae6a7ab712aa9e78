"""What billing forgets."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import exists, func, select, update

from services.billing.models import StripeEvent
from services.billing.stripe_events import SOURCE
from shared import tables
from shared.database import Database
from shared.sweeping import BATCH, repeat


def sweep_event_bodies(database: Database, kept: timedelta) -> Iterator[None]:
    """Empties the bodies of events older than `kept`: they hold what payers told Stripe of themselves. Id, type and
    times stay, and what the event came to is in the books. One that is not handled yet keeps its body."""
    i = tables.inbox.c
    unhandled = exists().where(i.source == SOURCE, i.event_id == StripeEvent.event_id, i.status != "done")
    old = (StripeEvent.received_at < func.now() - kept, StripeEvent.body != b"", ~unhandled)
    batch = select(StripeEvent.event_id).where(*old).order_by(StripeEvent.received_at).limit(BATCH)
    statement = update(StripeEvent).where(StripeEvent.event_id.in_(batch)).values(body=b"")
    return repeat(database, statement.returning(StripeEvent.event_id))
