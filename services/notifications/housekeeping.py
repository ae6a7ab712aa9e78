"""What notifications forgets."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import func, select, update

from services.notifications.models import FORGOTTEN, Delivery
from shared.database import Database
from shared.sweeping import BATCH, repeat


def forget_recipients(database: Database, kept: timedelta) -> Iterator[None]:
    """Takes out of mails that ended longer than `kept` ago whom they went to and what was in them: an address that a
    registration named and nobody confirmed is no user's, and would stay for ever. Ids, keys, kinds, states and times
    stay, so nothing is told twice. One that somebody holds at the moment, to retry it, waits for the next run."""
    d = Delivery
    # A failed mail's is the end of its last lease.
    ended_at = func.coalesce(d.sent_at, d.next_attempt_at)
    old = (d.state.in_(("sent", "failed")), d.recipient != FORGOTTEN, ended_at < func.now() - kept)
    batch = select(d.id).where(*old).order_by(ended_at).limit(BATCH).with_for_update(skip_locked=True).cte("old")
    # Mail servers repeat the address when they refuse it.
    emptied = update(d).where(d.id == batch.c.id).values(recipient=FORGOTTEN, context={}, last_error=None)
    return repeat(database, emptied.returning(d.id))
