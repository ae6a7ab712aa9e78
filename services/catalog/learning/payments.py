"""What the facts of billing mean for access (design: the order and grant truth table)."""

from sqlalchemy.orm import Session

from services.catalog.courses.ownership import CourseNotFound
from services.catalog.learning import grants
from services.catalog.learning.enrollments import LockedEnrollment, lock_enrollment, settle
from services.catalog.learning.models import Grant
from shared.events import DisputeClosed, PaymentDisputed, PaymentRefunded, PaymentSucceeded
from shared.events.billing import PaymentEvent
from shared.inbox import Unprocessable


def record_payment(session: Session, event: PaymentSucceeded) -> None:
    """The order is paid."""
    enrollment, grant = _lock_grant(session, event)
    grant.paid_at = grant.paid_at or event.paid_at
    settle(session, enrollment, grant)


def record_refund(session: Session, event: PaymentRefunded) -> None:
    """Money went back: all of it ends this order's access, a part of it changes nothing."""
    enrollment, grant = _lock_grant(session, event)
    grants.add_refund(grant, event.version, event.full)
    settle(session, enrollment, grant)


def record_dispute(session: Session, event: PaymentDisputed) -> None:
    """The payer's bank took the money back for now: access rests."""
    enrollment, grant = _lock_grant(session, event)
    grants.add_dispute(grant, event.dispute_id, grants.OPEN)
    settle(session, enrollment, grant)


def record_dispute_outcome(session: Session, event: DisputeClosed) -> None:
    """Won: access is back. Lost: it is over."""
    enrollment, grant = _lock_grant(session, event)
    grants.add_dispute(grant, event.dispute_id, grants.WON if event.won else grants.LOST)
    settle(session, enrollment, grant)


def _lock_grant(session: Session, event: PaymentEvent) -> tuple[LockedEnrollment, Grant]:
    # Billing learned of the course from us and we never delete one: if it is missing here, waiting will not bring it.
    # Parked at once, a person sees it (a restore from an old backup, say) and replays it when the course is back.
    try:
        enrollment = lock_enrollment(session, event.course_id, event.user_id)
    except CourseNotFound as error:
        reason = f"order {event.order_id} is for course {event.course_id}, which is not in this catalog"
        raise Unprocessable(reason) from error
    return enrollment, grants.find_grant(session, enrollment.id, event.order_id)
