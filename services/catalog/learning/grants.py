"""Why a learner has access. Facts are merged as they arrive, the status follows from the facts alone.

Two deliveries of one order may arrive in any order, late or twice: a refund before its payment leaves a tombstone.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, inspect, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.catalog.learning.models import Grant
from shared.inbox import Unprocessable
from shared.prepared import hot
from shared.transactions import later

PENDING, ACTIVE, SUSPENDED, REVOKED = "pending", "active", "suspended", "revoked"
OPEN, WON, LOST = FINALITY = ("open", "won", "lost")
_TABLE: Any = Grant.__table__
_KNOWN = hot(select(_TABLE.c.enrollment_id).where(_TABLE.c.order_id == bindparam("order")))
_OF_ORDER = select(Grant).where(Grant.order_id == bindparam("order"))
_STORE = later(hot(insert(_TABLE).inline()))
_FREE = select(Grant).where(Grant.order_id.is_(None), Grant.enrollment_id == bindparam("enrollment"))


def status_of(*, paid: bool, refunded_full: bool, disputes: Mapping[str, str]) -> str:
    """The truth table: refunded or lost is over, disputed is on hold, paid is access, else we wait for the payment."""
    outcomes = set(disputes.values())
    if refunded_full or LOST in outcomes:
        return REVOKED
    if OPEN in outcomes:
        return SUSPENDED
    return ACTIVE if paid else PENDING


def reason_of(grant: Grant) -> str:
    """Why a grant gives no access, in words for the learner."""
    if grant.refunded_full:
        return "refunded"
    return "payment dispute lost" if grant.status == REVOKED else "payment disputed"


def find_grants(session: Session, order_id: UUID, enrollment_ids: Sequence[UUID]) -> list[Grant]:
    """The order's grants for these enrollments, which are locked, in their order; new and without facts where missing.

    Raises Unprocessable when the order has a grant for another enrollment: what it gives is told whole each time.
    """
    known = {enrollment_id for (enrollment_id,) in session.execute(_KNOWN, {"order": order_id})}
    if known - set(enrollment_ids):
        raise Unprocessable(f"order {order_id} belongs to another learner or course")
    # Nearly always it is a new order, and nothing to be loaded.
    found = session.scalars(_OF_ORDER, {"order": order_id}) if known else ()
    loaded = {grant.enrollment_id: grant for grant in found}
    return [loaded.get(enrollment_id) or _new_grant(enrollment_id, order_id) for enrollment_id in enrollment_ids]


def find_free_grant(session: Session, enrollment_id: UUID) -> Grant:
    """The grant without an order, under the enrollment's lock, new and without facts when missing."""
    return session.scalar(_FREE, {"enrollment": enrollment_id}) or _new_grant(enrollment_id, None)


def save_grant(session: Session, grant: Grant) -> None:
    """Writes what a grant has become."""
    if inspect(grant).transient:
        session.execute(_STORE, {column.name: getattr(grant, column.name) for column in _TABLE.c})
    else:
        session.flush()


def _new_grant(enrollment_id: UUID, order_id: UUID | None) -> Grant:
    return Grant(
        id=uuid7(),
        enrollment_id=enrollment_id,
        order_id=order_id,
        refunded_full=False,
        refund_version=0,
        disputes={},
        status=PENDING,
        version=0,
        created_at=datetime.now(UTC),
    )


def add_refund(grant: Grant, version: int, full: bool) -> None:
    """Merges a refund: of several the one of the order's highest version holds (a failed refund takes one back)."""
    if version > grant.refund_version:
        grant.refund_version, grant.refunded_full = version, full


def add_dispute(grant: Grant, dispute_id: str, outcome: str) -> None:
    """Merges what is known of a dispute: once closed it does not open again, and lost is lost."""
    known = grant.disputes.get(dispute_id, OPEN)
    # A new mapping: a change inside the old one would go unnoticed.
    grant.disputes = {**grant.disputes, dispute_id: max(known, outcome, key=FINALITY.index)}
