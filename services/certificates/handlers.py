"""Events that certificates listens to."""

from sqlalchemy.orm import Session

from services.certificates import certificates, projections
from services.certificates.privacy import create_privacy
from shared.events import (
    CourseCompleted,
    CoursePublished,
    CourseUpdated,
    EnrollmentGranted,
    EnrollmentRevoked,
    UserRegistered,
    UserUpdated,
)
from shared.inbox import Handlers, Waiting
from shared.storage import Storage


def on_learner_changed(session: Session, event: UserRegistered | UserUpdated) -> None:
    projections.merge_learner(session, event)


def on_course_changed(session: Session, event: CoursePublished | CourseUpdated) -> None:
    projections.merge_course(session, event)


def on_enrollment_changed(session: Session, event: EnrollmentGranted | EnrollmentRevoked) -> None:
    projections.merge_enrollment(session, event)
    certificates.settle_enrollment(session, event.user_id, event.course_id)


def on_course_completed(session: Session, event: CourseCompleted) -> None:
    name = projections.find_name(session, event.user_id)
    if name is None:
        raise Waiting(f"the name of user {event.user_id} has not arrived")
    certificates.issue_certificate(session, event, name)


def create_handlers(storage: Storage) -> Handlers:
    """The whole wiring of the worker."""
    return Handlers(
        events={
            UserRegistered: on_learner_changed,
            UserUpdated: on_learner_changed,
            CoursePublished: on_course_changed,
            CourseUpdated: on_course_changed,
            EnrollmentGranted: on_enrollment_changed,
            EnrollmentRevoked: on_enrollment_changed,
            CourseCompleted: on_course_completed,
            **create_privacy(storage).handlers(),
        }
    )
