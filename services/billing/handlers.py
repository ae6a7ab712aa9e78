"""What the worker does with what arrives: courses into the projection, Stripe's hints into order state."""

from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from services.billing.certificates import CertificateChange, record_certificate
from services.billing.privacy import PRIVACY
from services.billing.products import project_course
from services.billing.provider import Provider
from services.billing.refund_policy import record_progress
from services.billing.refunds import SOURCE as REFUND_REQUESTS
from services.billing.refunds import Outcome, send_refund, settle_refund
from services.billing.settlement import record_sighting
from services.billing.sightings import Sighting
from services.billing.stripe_events import SOURCE, is_booked
from services.billing.timeline import record_enrollment
from shared.database import Database
from shared.events import (
    CertificateIssued,
    CertificateRestored,
    CertificateRevoked,
    CourseArchived,
    CourseCompleted,
    CoursePublished,
    CourseUpdated,
    EnrollmentGranted,
    EnrollmentRevoked,
    LessonCompleted,
    LessonOpened,
)
from shared.events.catalog import CourseEvent
from shared.inbox import Handlers, Intake, Payload, Unprocessable


def create_handlers(provider: Provider) -> Handlers:
    """The whole wiring of the worker."""
    return Handlers(
        events={
            CoursePublished: on_course_changed,
            CourseUpdated: on_course_changed,
            CourseArchived: on_course_changed,
            LessonOpened: on_progress,
            LessonCompleted: on_progress,
            CourseCompleted: on_progress,
            EnrollmentGranted: on_enrollment_changed,
            EnrollmentRevoked: on_enrollment_changed,
            CertificateIssued: on_certificate_changed,
            CertificateRevoked: on_certificate_changed,
            CertificateRestored: on_certificate_changed,
            **PRIVACY.handlers(),
        },
        intakes={
            SOURCE: Intake(prepare=partial(look_up, provider), handle=on_sighting),
            REFUND_REQUESTS: Intake(prepare=partial(send_refund, provider), handle=on_refund_sent),
        },
    )


def on_course_changed(session: Session, event: CourseEvent) -> None:
    """CoursePublished, CourseUpdated, CourseArchived."""
    project_course(session, event)


def on_progress(session: Session, event: LessonOpened | LessonCompleted | CourseCompleted) -> None:
    """How far a learner has come."""
    record_progress(session, event)


def on_enrollment_changed(session: Session, event: EnrollmentGranted | EnrollmentRevoked) -> None:
    """What an order came to."""
    record_enrollment(session, event)


def on_certificate_changed(session: Session, event: CertificateChange) -> None:
    """CertificateIssued, CertificateRevoked, CertificateRestored."""
    record_certificate(session, event)


def on_refund_sent(session: Session, outcome: Outcome) -> None:
    """What Stripe made of a wish to refund."""
    settle_refund(session, outcome)


def look_up(provider: Provider, database: Database, payload: Payload) -> Sighting | None:
    """What Stripe shows now of the session that an event is about; None when it cannot be news, or when the payment
    came by no session, so not from us. Raises Unprocessable when the event names nothing that can be looked up."""
    if is_booked(database, payload):
        return None
    reference: Any = payload.get("session_id")
    if reference:
        sighting = provider.fetch_session(reference)
        if sighting is None:
            raise Unprocessable(f"Stripe knows no session {reference}")
        return sighting
    reference = payload.get("intent_id")
    if not reference:
        raise Unprocessable(f"{payload.get('type')} names neither a session nor a payment as we know them")
    return provider.fetch_payment(reference)


def on_sighting(session: Session, sighting: Sighting | None) -> None:
    """What was looked up becomes the order's state."""
    if sighting is not None:
        record_sighting(session, sighting)
