"""The published language: every event that crosses a service wall.

An event is a small past-tense fact. It only ever gains optional fields; a breaking change is a new class. Its stored
JSON samples stay readable (tests/contract). Events carry ids, amounts and versions; only UserRegistered and
UserUpdated carry a name and an address, for the projections that need them, and EmailVerificationRequested and
EmailChangeRequested, because no projection has their receiver yet. Amounts are minor units of the currency
(ISO 4217, upper case); times are RFC 3339 UTC.
"""

from shared.events.billing import DisputeClosed, PaymentDisputed, PaymentFailed, PaymentRefunded, PaymentSucceeded
from shared.events.catalog import (
    AnnouncementPosted,
    CourseArchived,
    CourseCompleted,
    CoursePublished,
    CourseUpdated,
    EnrollmentGranted,
    EnrollmentRevoked,
    LessonCompleted,
    LessonOpened,
)
from shared.events.certificates import CertificateIssued, CertificateRestored, CertificateRevoked
from shared.events.event import Event, leaves
from shared.events.identity import (
    AccountSecurityChanged,
    EmailChangeRequested,
    EmailVerificationRequested,
    InstructorApplicationDecided,
    PasswordResetRequested,
    RegistrationRepeated,
    UserInvited,
    UserRegistered,
    UserSuspended,
    UserUpdated,
)
from shared.events.live import LiveSessionCancelled, LiveSessionChanged, LiveSessionReminderDue, LiveSessionScheduled
from shared.events.privacy import (
    PersonDataExported,
    PersonErased,
    PersonErasureRequested,
    PersonExportReady,
    PersonExportRequested,
)

EVENTS: dict[str, type[Event]] = {cls.__name__: cls for cls in leaves(Event)}

__all__ = [
    "EVENTS",
    "AccountSecurityChanged",
    "AnnouncementPosted",
    "CertificateIssued",
    "CertificateRestored",
    "CertificateRevoked",
    "CourseArchived",
    "CourseCompleted",
    "CoursePublished",
    "CourseUpdated",
    "DisputeClosed",
    "EmailChangeRequested",
    "EmailVerificationRequested",
    "EnrollmentGranted",
    "EnrollmentRevoked",
    "Event",
    "InstructorApplicationDecided",
    "LessonCompleted",
    "LessonOpened",
    "LiveSessionCancelled",
    "LiveSessionChanged",
    "LiveSessionReminderDue",
    "LiveSessionScheduled",
    "PasswordResetRequested",
    "PaymentDisputed",
    "PaymentFailed",
    "PaymentRefunded",
    "PaymentSucceeded",
    "PersonDataExported",
    "PersonErased",
    "PersonErasureRequested",
    "PersonExportReady",
    "PersonExportRequested",
    "RegistrationRepeated",
    "UserInvited",
    "UserRegistered",
    "UserSuspended",
    "UserUpdated",
]
