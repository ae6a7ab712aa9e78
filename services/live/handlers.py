"""Events that live listens to."""

from sqlalchemy.orm import Session

from services.live import projections
from services.live.privacy import PRIVACY
from shared.events import CourseArchived, CoursePublished, CourseUpdated, EnrollmentGranted, EnrollmentRevoked
from shared.inbox import Handlers


def on_course_changed(session: Session, event: CoursePublished | CourseUpdated | CourseArchived) -> None:
    projections.merge_course(session, event)


def on_enrollment_changed(session: Session, event: EnrollmentGranted | EnrollmentRevoked) -> None:
    projections.merge_grant(session, event)


HANDLERS = Handlers(
    events={
        CoursePublished: on_course_changed,
        CourseUpdated: on_course_changed,
        CourseArchived: on_course_changed,
        EnrollmentGranted: on_enrollment_changed,
        EnrollmentRevoked: on_enrollment_changed,
        **PRIVACY.handlers(),
    }
)
