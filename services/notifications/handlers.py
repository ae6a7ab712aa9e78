"""Events that notifications listens to."""

from sqlalchemy.orm import Session

from services.notifications import accounts, courses, learning, live_sessions, payments, people
from services.notifications.broadcasts import start_broadcast
from services.notifications.live_sessions import LiveSessionNews
from services.notifications.news import is_news
from services.notifications.notices import tell, tell_address
from services.notifications.privacy import PRIVACY
from shared import events as e
from shared.inbox import Handlers


def on_user_registered(session: Session, event: e.UserRegistered) -> None:
    people.merge_profile(session, event)
    tell(session, event.user_id, accounts.welcome(event))


def on_user_updated(session: Session, event: e.UserUpdated) -> None:
    people.merge_profile(session, event)


def on_user_suspended(session: Session, event: e.UserSuspended) -> None:
    people.merge_suspension(session, event)


def on_email_verification_requested(session: Session, event: e.EmailVerificationRequested) -> None:
    notice = accounts.email_verification(event)
    if event.email:
        tell_address(session, event.user_id, event.email, notice)
    else:
        tell(session, event.user_id, notice)


def on_email_change_requested(session: Session, event: e.EmailChangeRequested) -> None:
    person = people.get_person(session, event.user_id)
    notice = accounts.email_change(event)
    if not event.to_new:
        tell(session, event.user_id, notice)
    elif not person.erased:
        tell_address(session, event.user_id, event.new_email, notice)


def on_registration_repeated(session: Session, event: e.RegistrationRepeated) -> None:
    tell(session, event.user_id, accounts.account_exists(event))


def on_account_security_changed(session: Session, event: e.AccountSecurityChanged) -> None:
    tell(session, event.user_id, accounts.security_notice(event))


def on_password_reset_requested(session: Session, event: e.PasswordResetRequested) -> None:
    tell(session, event.user_id, accounts.password_reset(event))


def on_instructor_application_decided(session: Session, event: e.InstructorApplicationDecided) -> None:
    tell(session, event.user_id, accounts.application_decided(event))


def on_user_invited(session: Session, event: e.UserInvited) -> None:
    tell(session, event.user_id, accounts.invitation(event))


def on_person_export_ready(session: Session, event: e.PersonExportReady) -> None:
    tell(session, event.user_id, accounts.export_ready(event))


def on_course_changed(session: Session, event: e.CoursePublished | e.CourseUpdated | e.CourseArchived) -> None:
    courses.merge_course(session, event)


def on_enrollment_granted(session: Session, event: e.EnrollmentGranted) -> None:
    # Nobody is in a course unknown: broadcasts rely on it.
    people.get_person(session, event.user_id)
    if courses.merge_enrollment(session, event):
        tell(session, event.user_id, learning.enrolled(event, courses.course_link(session, event.course_id)))


def on_enrollment_revoked(session: Session, event: e.EnrollmentRevoked) -> None:
    people.get_person(session, event.user_id)
    if courses.merge_enrollment(session, event):
        tell(session, event.user_id, learning.access_ended(event, courses.course_link(session, event.course_id)))


def on_course_completed(session: Session, event: e.CourseCompleted) -> None:
    tell(session, event.user_id, learning.completed(event, courses.course_link(session, event.course_id)))


def on_announcement_posted(session: Session, event: e.AnnouncementPosted) -> None:
    notice = learning.announced(event, courses.course_link(session, event.course_id))
    start_broadcast(session, event.course_id, notice)


def on_payment_succeeded(session: Session, event: e.PaymentSucceeded) -> None:
    # A receipt is owed whatever came after the payment.
    is_news(session, event.order_id, event.version)
    tell(session, event.user_id, payments.receipt(event))


def on_payment_failed(session: Session, event: e.PaymentFailed) -> None:
    if is_news(session, event.order_id, event.version):
        tell(session, event.user_id, payments.failure(event))


def on_payment_refunded(session: Session, event: e.PaymentRefunded) -> None:
    # So is word of a refund.
    is_news(session, event.order_id, event.version)
    tell(session, event.user_id, payments.refund(event))


def on_payment_disputed(session: Session, event: e.PaymentDisputed) -> None:
    if is_news(session, event.order_id, event.version):
        tell(session, event.user_id, payments.dispute_opened(event))


def on_dispute_closed(session: Session, event: e.DisputeClosed) -> None:
    if is_news(session, event.order_id, event.version):
        tell(session, event.user_id, payments.dispute_closed(event))


def on_certificate_issued(session: Session, event: e.CertificateIssued) -> None:
    if is_news(session, event.certificate_id, event.version):
        tell(session, event.user_id, learning.certified(event))


def on_certificate_revoked(session: Session, event: e.CertificateRevoked) -> None:
    if is_news(session, event.certificate_id, event.version):
        tell(session, event.user_id, learning.certificate_ended(event))


def on_certificate_restored(session: Session, event: e.CertificateRestored) -> None:
    if is_news(session, event.certificate_id, event.version):
        tell(session, event.user_id, learning.certificate_restored(event))


def on_live_session_changed(session: Session, event: LiveSessionNews) -> None:
    if is_news(session, event.live_session_id, event.version) and not live_sessions.is_over(event):
        start_broadcast(session, event.course_id, live_sessions.news(event))


def on_live_session_reminder_due(session: Session, event: e.LiveSessionReminderDue) -> None:
    if is_news(session, event.live_session_id, event.version) and not live_sessions.is_over(event):
        tell(session, event.user_id, live_sessions.reminder(event))


HANDLERS = Handlers(
    events={
        e.UserRegistered: on_user_registered,
        e.UserUpdated: on_user_updated,
        e.UserSuspended: on_user_suspended,
        e.EmailVerificationRequested: on_email_verification_requested,
        e.EmailChangeRequested: on_email_change_requested,
        e.PasswordResetRequested: on_password_reset_requested,
        e.InstructorApplicationDecided: on_instructor_application_decided,
        e.RegistrationRepeated: on_registration_repeated,
        e.AccountSecurityChanged: on_account_security_changed,
        e.UserInvited: on_user_invited,
        e.PersonExportReady: on_person_export_ready,
        e.CoursePublished: on_course_changed,
        e.CourseUpdated: on_course_changed,
        e.CourseArchived: on_course_changed,
        e.EnrollmentGranted: on_enrollment_granted,
        e.EnrollmentRevoked: on_enrollment_revoked,
        e.CourseCompleted: on_course_completed,
        e.AnnouncementPosted: on_announcement_posted,
        e.PaymentSucceeded: on_payment_succeeded,
        e.PaymentFailed: on_payment_failed,
        e.PaymentRefunded: on_payment_refunded,
        e.PaymentDisputed: on_payment_disputed,
        e.DisputeClosed: on_dispute_closed,
        e.CertificateIssued: on_certificate_issued,
        e.CertificateRevoked: on_certificate_revoked,
        e.CertificateRestored: on_certificate_restored,
        e.LiveSessionScheduled: on_live_session_changed,
        e.LiveSessionChanged: on_live_session_changed,
        e.LiveSessionCancelled: on_live_session_changed,
        e.LiveSessionReminderDue: on_live_session_reminder_due,
        **PRIVACY.handlers(),
    }
)
