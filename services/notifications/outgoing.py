"""A mail on its way out: claimed, then sent, postponed, failed or put back. Several workers may do this at once."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.notifications.models import Delivery
from shared.telemetry import get_logger

log = get_logger(__name__)

LONGEST_WAIT = timedelta(hours=2)
UNFINISHED = ("queued", "sending")


@dataclass(frozen=True)
class MailPolicy:
    """When a mail is tried again and when it is given up. `lease` is how long one attempt may take."""

    attempts: int
    first_wait: timedelta
    lease: timedelta

    def backoff(self, attempt: int) -> timedelta:
        """The wait after the given attempt: doubling, with 20 % jitter so that herds disperse."""
        exponential: timedelta = min(self.first_wait * 2 ** min(attempt - 1, 20), LONGEST_WAIT)
        return exponential * random.uniform(0.8, 1.2)  # nosec B311 # jitter, nothing to guess


def claim_next(session: Session, policy: MailPolicy, domain: str) -> Delivery | None:
    """The next due mail, or None. Its attempt is charged and its Message-ID fixed; commit before sending: after a
    crash the mail is found in `sending` with its lease run out, and goes out again under the same Message-ID."""
    due = (
        select(Delivery)
        .where(Delivery.state.in_(UNFINISHED), Delivery.next_attempt_at <= func.now())
        .order_by(Delivery.is_bulk, Delivery.next_attempt_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    while (delivery := session.scalar(due)) is not None:
        if delivery.attempts < policy.attempts:
            delivery.state = "sending"
            delivery.attempts += 1
            delivery.message_id = delivery.message_id or f"<{delivery.id}@{domain}>"
            delivery.next_attempt_at = func.now() + policy.lease
            session.flush()
            return delivery
        # Only a worker that dies under the mail each time comes here: every other ending is recorded.
        delivery.state, delivery.last_error = "failed", "the worker ended each time it sent this mail"
        session.flush()
    return None


def mark_sent(session: Session, delivery: Delivery) -> None:
    """The server has taken it over. What was in it is forgotten: links with secrets, names."""
    unsent = update(Delivery).where(Delivery.id == delivery.id, Delivery.state != "sent")
    session.execute(unsent.values(state="sent", sent_at=func.now(), context={}, last_error=None))


def postpone(session: Session, delivery: Delivery, policy: MailPolicy, reason: str) -> None:
    """Tries again later, or fails when all attempts are spent."""
    if delivery.attempts >= policy.attempts:
        fail(session, delivery, f"given up after {delivery.attempts} attempts: {reason}")
        return
    log.warning("mail postponed", delivery_id=str(delivery.id), attempt=delivery.attempts, reason=reason)
    next_attempt_at = func.now() + policy.backoff(delivery.attempts)
    _end_attempt(session, delivery, state="queued", next_attempt_at=next_attempt_at, last_error=reason)


def fail(session: Session, delivery: Delivery, reason: str) -> None:
    """Gives up; an administrator may retry it."""
    log.error("mail failed", delivery_id=str(delivery.id), kind=delivery.kind, reason=reason)
    _end_attempt(session, delivery, state="failed", last_error=reason)


def put_back(session: Session, delivery: Delivery, reason: str) -> None:
    """The attempt was none: the mail server could not be used at all. The mail stays due, nothing is charged."""
    attempts = Delivery.attempts - 1
    _end_attempt(session, delivery, state="queued", attempts=attempts, next_attempt_at=func.now(), last_error=reason)


def _end_attempt(session: Session, delivery: Delivery, **values: Any) -> None:
    # When the lease ran out meanwhile, another worker's attempt counts and not ours.
    ours = (Delivery.id == delivery.id, Delivery.state == "sending", Delivery.attempts == delivery.attempts)
    session.execute(update(Delivery).where(*ours).values(**values))
