"""Refused sign-ins in the audit log: enough to see what happens, and never without end."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.identity.audit import Origin
from shared import audit, limits
from shared.limits import Limit
from shared.networks import throttled_network

# Not refused beyond it, only recorded more sparsely.
RECORDED = Limit("recorded-refusals", "refused sign-ins", 10, "account", timedelta(days=1), "Nothing is refused.")


def record(session: Session, origin: Origin, action: str, user_id: UUID | None, **details: Any) -> None:
    """Adds the entry of a refused sign-in or API key: of the first ten of an account and day each, then of the 20th,
    40th, 80th ... with how many there were so far as `refusals`. Nobody's account is counted per network address."""
    number = limits.tally(session, RECORDED, user_id or f"nobody from {throttled_network(origin.ip)}")
    often, rest = divmod(number, RECORDED.count)
    if number <= RECORDED.count:
        audit.record(session, origin, action, user_id, **details)
    elif rest == 0 and often.bit_count() == 1:
        audit.record(session, origin, action, user_id, **details, refusals=number)
