"""State change and event are one transaction: `outbox.add(session, event)`; the relay publishes it after the commit."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from shared import failpoints
from shared.envelope import wrap
from shared.events import Event
from shared.hints import wake_worker
from shared.prepared import hot
from shared.telemetry import traceparent
from shared.transactions import later

INSERT = later(
    hot(text("INSERT INTO outbox (event_id, type, subject, envelope) VALUES (:event_id, :type, :subject, :envelope)"))
)


def add(session: Session, event: Event) -> None:
    """Stores the event with the caller's changes. It reaches its consumers if, and only if, the commit succeeds.

    Call it after the aggregate's row is locked or written, so that events of one aggregate are stored in commit order.
    """
    envelope = wrap(event, traceparent.get())
    failpoints.reach("outbox-before-insert")
    row = {
        "event_id": envelope.id,
        "type": envelope.type,
        "subject": envelope.subject,
        "envelope": envelope.model_dump_json(exclude_none=True),
    }
    session.execute(INSERT, row)
    failpoints.reach("outbox-after-insert")
    wake_worker(session, "relay")
