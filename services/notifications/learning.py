"""What learners are told about their courses and certificates."""

from services.notifications.notices import Notice, compose
from shared.events import (
    AnnouncementPosted,
    CertificateIssued,
    CertificateRestored,
    CertificateRevoked,
    CourseCompleted,
    EnrollmentGranted,
    EnrollmentRevoked,
)


def enrolled(event: EnrollmentGranted, link: str) -> Notice:
    """Once per grant: a grant that rested during a dispute does not enroll a second time."""
    return compose("enrolled", event.grant_id, link, course=event.course_title)


def access_ended(event: EnrollmentRevoked, link: str) -> Notice:
    """Each time that the last grant ends."""
    return compose("enrollment_revoked", f"{event.enrollment_id}:{event.version}", link, course=event.course_title)


def completed(event: CourseCompleted, link: str) -> Notice:
    """Congratulations, once per enrollment."""
    return compose("course_completed", event.enrollment_id, link, course=event.course_title)


def announced(event: AnnouncementPosted, link: str) -> Notice:
    """The instructor's words."""
    facts = {"course": event.course_title, "title": event.title, "body": event.body}
    return compose("announcement", event.announcement_id, link, **facts)


def certified(event: CertificateIssued) -> Notice:
    """Once per certificate; `code` is what the public check page wants."""
    link = f"/certificates/{event.certificate_id}"
    return compose("certificate_issued", event.certificate_id, link, course=event.course_title, code=event.code)


def certificate_ended(event: CertificateRevoked) -> Notice:
    """Each time: it may be restored in between."""
    link = f"/certificates/{event.certificate_id}"
    return compose("certificate_revoked", f"{event.certificate_id}:{event.version}", link, course=event.course_title)


def certificate_restored(event: CertificateRestored) -> Notice:
    """Each time. `code` is what the public check page wants."""
    link = f"/certificates/{event.certificate_id}"
    fact = f"{event.certificate_id}:{event.version}"
    return compose("certificate_restored", fact, link, course=event.course_title, code=event.code)
