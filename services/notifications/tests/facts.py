"""Events of one learner's life, as other services publish them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from shared import events as e

COURSE = "Statistics & You"


@dataclass(frozen=True)
class Learner:
    """Somebody new with an order for a course; every event tells of them, `changes` replace single fields."""

    name: str = "Ada Lovelace"
    user_id: UUID = field(default_factory=uuid7)
    course_id: UUID = field(default_factory=uuid7)
    enrollment_id: UUID = field(default_factory=uuid7)
    order_id: UUID = field(default_factory=uuid7)
    certificate_id: UUID = field(default_factory=uuid7)

    @property
    def email(self) -> str:
        return f"{self.user_id.hex}@learners.test"

    def registered(self, **changes: Any) -> e.UserRegistered:
        facts = {"user_id": self.user_id, "version": 1, "email": self.email, "name": self.name, "roles": ["student"]}
        return e.UserRegistered(**{**facts, **changes})

    def updated(self, version: int, **changes: Any) -> e.UserUpdated:
        return e.UserUpdated(**{**self.registered().model_dump(), "version": version, **changes})

    def suspended(self, version: int) -> e.UserSuspended:
        return e.UserSuspended(user_id=self.user_id, version=version)

    def verification(self, token: str = "secret+token") -> e.EmailVerificationRequested:
        return e.EmailVerificationRequested(user_id=self.user_id, version=1, token=token, expires_at=in_an_hour())

    def reset(self, token: str = "secret+token") -> e.PasswordResetRequested:
        return e.PasswordResetRequested(user_id=self.user_id, version=1, token=token, expires_at=in_an_hour())

    def address_changed(self, to_new: bool = False) -> e.EmailChangeRequested:
        facts = {"user_id": self.user_id, "version": 1, "token": "secret+token", "expires_at": in_an_hour()}
        return e.EmailChangeRequested(**facts, new_email=f"new.{self.email}", to_new=to_new)

    def approved(self) -> e.InstructorApplicationDecided:
        return e.InstructorApplicationDecided(
            user_id=self.user_id, version=3, application_id=self.order_id, approved=True
        )

    def rejected(self) -> e.InstructorApplicationDecided:
        facts = {"user_id": self.user_id, "version": 3, "application_id": self.order_id}
        return e.InstructorApplicationDecided(**facts, approved=False, reason="Tell us more")

    def registered_again(self) -> e.RegistrationRepeated:
        return e.RegistrationRepeated(user_id=self.user_id, version=1, attempted_at="2026-11-22T10:00:00Z")

    def security_changed(self, change: str = "refresh_token_reused") -> e.AccountSecurityChanged:
        where = {"device": "Firefox on Linux", "place": "203.0.113.0/24", "changed_at": "2026-11-22T10:00:00Z"}
        return e.AccountSecurityChanged(user_id=self.user_id, version=1, change=change, **where)

    def invited(self) -> e.UserInvited:
        return e.UserInvited(user_id=self.user_id, version=1, token="secret+token", expires_at=in_an_hour())

    def exported(self) -> e.PersonExportReady:
        facts = {"user_id": self.user_id, "version": 4, "export_id": self.order_id}
        return e.PersonExportReady(**facts, token="secret+token", expires_at=in_an_hour())

    def paid(self, **changes: Any) -> e.PaymentSucceeded:
        return e.PaymentSucceeded(**{**self._order(2), "paid_at": "2026-11-22T10:00:00Z", **changes})

    def payment_failed(self, version: int = 1) -> e.PaymentFailed:
        return e.PaymentFailed(**self._order(version))

    def refunded(self, amount: int = 4900, version: int = 3) -> e.PaymentRefunded:
        return e.PaymentRefunded(**self._order(version), refunded_amount=amount, full=amount == 4900)

    def disputed(self, version: int = 3) -> e.PaymentDisputed:
        return e.PaymentDisputed(**self._order(version), dispute_id="dp_1")

    def dispute_closed(self, won: bool = True, version: int = 4) -> e.DisputeClosed:
        return e.DisputeClosed(**self._order(version), dispute_id="dp_1", won=won)

    def granted(self, version: int = 1, grant_id: UUID | None = None) -> e.EnrollmentGranted:
        return e.EnrollmentGranted(**self._enrollment(version), grant_id=grant_id or uuid7())

    def revoked(self, version: int = 2, active: bool = False) -> e.EnrollmentRevoked:
        return e.EnrollmentRevoked(**self._enrollment(version), grant_id=uuid7(), active=active)

    def completed(self, version: int = 3) -> e.CourseCompleted:
        return e.CourseCompleted(**self._enrollment(version), completed_at=datetime.now(UTC))

    def certified(self, version: int = 1) -> e.CertificateIssued:
        return e.CertificateIssued(**self._certificate(version), issued_at=datetime.now(UTC))

    def certificate_revoked(self, version: int = 2) -> e.CertificateRevoked:
        return e.CertificateRevoked(**self._certificate(version))

    def certificate_restored(self, version: int = 3) -> e.CertificateRestored:
        return e.CertificateRestored(**self._certificate(version))

    def reminded(self, **changes: Any) -> e.LiveSessionReminderDue:
        return e.LiveSessionReminderDue(**live_facts(self.course_id, **changes), user_id=self.user_id)

    def _order(self, version: int) -> dict[str, Any]:
        money = {"amount": 4900, "currency": "USD"}
        return {**self._course(), "order_id": self.order_id, "version": version, "user_id": self.user_id, **money}

    def _enrollment(self, version: int) -> dict[str, Any]:
        ids = {"enrollment_id": self.enrollment_id, "user_id": self.user_id}
        return {**self._course(), **ids, "version": version}

    def _certificate(self, version: int) -> dict[str, Any]:
        ids = {"certificate_id": self.certificate_id, "user_id": self.user_id}
        return {**self._course(), **ids, "version": version, "code": "C0DE-1234"}

    def _course(self) -> dict[str, Any]:
        return {"course_id": self.course_id, "course_title": COURSE}


def in_an_hour() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


def course_facts(course_id: UUID, version: int = 1, **changes: Any) -> dict[str, Any]:
    facts = {"course_id": course_id, "version": version, "slug": "statistics", "title": COURSE}
    return {**facts, "instructor_id": uuid7(), "price_amount": 4900, "price_currency": "USD", **changes}


def live_facts(course_id: UUID, **changes: Any) -> dict[str, Any]:
    facts = {"live_session_id": uuid7(), "version": 1, "course_id": course_id, "course_title": COURSE, "title": "Q&A"}
    return {**facts, "starts_at": "2031-03-04T18:00:00Z", "duration_minutes": 45, **changes}


def announcement(course_id: UUID, **changes: Any) -> e.AnnouncementPosted:
    facts = {"announcement_id": uuid7(), "course_id": course_id, "course_title": COURSE, "author_id": uuid7()}
    words = {"title": "New exercise", "body": "First line.\n\nSecond line.", "posted_at": datetime.now(UTC)}
    return e.AnnouncementPosted(**{**facts, **words, **changes})
