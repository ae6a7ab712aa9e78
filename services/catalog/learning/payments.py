"""What the facts of billing mean for access (design: the order and grant truth table)."""

from uuid import UUID

from sqlalchemy.orm import Session

from services.catalog.courses.ownership import CourseNotFound
from services.catalog.learning import grants
from services.catalog.learning.enrollments import LockedEnrollment, lock_enrollment, settle
from services.catalog.learning.models import Grant
from shared.events import DisputeClosed, PaymentDisputed, PaymentRefunded, PaymentSucceeded
from shared.events.billing import AccessEvent
from shared.inbox import Unprocessable


def record_payment(session: Session, event: PaymentSucceeded) -> None:
    """The order is paid."""
    for enrollment, grant in _lock_grants(session, event):
        grant.paid_at = grant.paid_at or event.paid_at
        settle(session, enrollment, grant)


def record_refund(session: Session, event: PaymentRefunded) -> None:
    """Money went back: all of it ends all access by this order, a part of it changes nothing."""
    for enrollment, grant in _lock_grants(session, event):
        grants.add_refund(grant, event.version, event.full)
        settle(session, enrollment, grant)


def record_dispute(session: Session, event: PaymentDisputed) -> None:
    """The payer's bank took the money back for now: access rests."""
    for enrollment, grant in _lock_grants(session, event):
        grants.add_dispute(grant, event.dispute_id, grants.OPEN)
        settle(session, enrollment, grant)


def record_dispute_outcome(session: Session, event: DisputeClosed) -> None:
    """Won: access is back. Lost: it is over."""
    for enrollment, grant in _lock_grants(session, event):
        grants.add_dispute(grant, event.dispute_id, grants.WON if event.won else grants.LOST)
        settle(session, enrollment, grant)


def _lock_grants(session: Session, event: AccessEvent) -> list[tuple[LockedEnrollment, Grant]]:
    given = {(grant.user_id, grant.course_id) for grant in event.grants} or {(event.user_id, event.course_id)}
    # In one order everywhere: two orders for the same people and courses must not wait for each other.
    enrollments = [_lock(session, event.order_id, *pair) for pair in sorted(given)]
    found = grants.find_grants(session, event.order_id, [enrollment.id for enrollment in enrollments])
    return list(zip(enrollments, found, strict=True))


def _lock(session: Session, order_id: UUID, user_id: UUID, course_id: UUID) -> LockedEnrollment:
    # Billing learned of the course from us and we never delete one: if it is missing here, waiting will not bring it.
    # Parked at once, a person sees it (a restore from an old backup, say) and replays it when the course is back.
    try:
        return lock_enrollment(session, course_id, user_id)
    except CourseNotFound as error:
        reason = f"order {order_id} is for course {course_id}, which is not in this catalog"
        raise Unprocessable(reason) from error
