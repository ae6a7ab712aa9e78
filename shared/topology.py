"""Who publishes, who listens: the exchanges, queues, bindings, rights and policies of RabbitMQ, as data.

One durable topic exchange per publishing service (`academy.billing`), routing key = the event's type. One quorum queue
per service (`catalog.inbox`) and one dead queue (`catalog.dead`). Only the queue type is a declare argument: arguments
cannot change later, so all tunables go by policy.
"""

from typing import Any

from shared import events as e
from shared.events import EVENTS, Event

SERVICES = ("identity", "catalog", "billing", "certificates", "notifications", "live")
DEAD_LETTER_EXCHANGE = "academy.dead"

# Whoever keeps anything of a person answers these.
PRIVACY: tuple[type[Event], ...] = (e.PersonExportRequested, e.PersonErasureRequested)

SUBSCRIPTIONS: dict[str, tuple[type[Event], ...]] = {
    "identity": (e.PersonErasureRequested, e.PersonDataExported, e.PersonErased),
    "catalog": (
        e.PaymentSucceeded,
        e.PaymentRefunded,
        e.PaymentDisputed,
        e.DisputeClosed,
        *PRIVACY,
    ),
    "billing": (
        e.CoursePublished,
        e.CourseUpdated,
        e.CourseArchived,
        e.LessonOpened,
        e.LessonCompleted,
        e.CourseCompleted,
        e.EnrollmentGranted,
        e.EnrollmentRevoked,
        e.CertificateIssued,
        e.CertificateRevoked,
        e.CertificateRestored,
        *PRIVACY,
    ),
    "certificates": (
        e.UserRegistered,
        e.UserUpdated,
        e.CoursePublished,
        e.CourseUpdated,
        e.CourseCompleted,
        e.EnrollmentGranted,
        e.EnrollmentRevoked,
        *PRIVACY,
    ),
    "notifications": (
        e.UserRegistered,
        e.UserUpdated,
        e.UserSuspended,
        e.EmailVerificationRequested,
        e.EmailChangeRequested,
        e.PasswordResetRequested,
        e.InstructorApplicationDecided,
        e.RegistrationRepeated,
        e.AccountSecurityChanged,
        e.PersonExportReady,
        e.UserInvited,
        e.CoursePublished,
        e.CourseUpdated,
        e.CourseArchived,
        e.EnrollmentGranted,
        e.EnrollmentRevoked,
        e.CourseCompleted,
        e.AnnouncementPosted,
        e.PaymentSucceeded,
        e.PaymentFailed,
        e.PaymentRefunded,
        e.PaymentDisputed,
        e.DisputeClosed,
        e.CertificateIssued,
        e.CertificateRevoked,
        e.CertificateRestored,
        e.LiveSessionScheduled,
        e.LiveSessionChanged,
        e.LiveSessionCancelled,
        e.LiveSessionReminderDue,
        *PRIVACY,
    ),
    "live": (
        e.CoursePublished,
        e.CourseUpdated,
        e.CourseArchived,
        e.EnrollmentGranted,
        e.EnrollmentRevoked,
        *PRIVACY,
    ),
}

# Retry logic lives in the inbox table; these are the last guard. A positive limit is set on purpose: its default and
# the meaning of -1 differ between RabbitMQ 3.x and 4.x (https://www.rabbitmq.com/docs/quorum-queues).
INBOX_POLICY: dict[str, Any] = {
    "delivery-limit": 100,
    "dead-letter-exchange": DEAD_LETTER_EXCHANGE,
    "dead-letter-strategy": "at-least-once",
    "overflow": "reject-publish",
    "max-length": 1_000_000,
}


def exchange(service: str) -> str:
    """The exchange a service publishes to."""
    return f"academy.{service}"


def inbox_queue(service: str) -> str:
    """The queue a service reads."""
    return f"{service}.inbox"


def dead_queue(service: str) -> str:
    """Where messages end that the broker itself gave up on."""
    return f"{service}.dead"


def publishers() -> list[str]:
    """The services that publish at least one event."""
    return [service for service in SERVICES if any(service in cls.publishers() for cls in EVENTS.values())]


def bindings(service: str) -> list[tuple[str, str]]:
    """(exchange, routing key) of everything a service's inbox queue receives."""
    return [(exchange(source), cls.__name__) for cls in SUBSCRIPTIONS[service] for source in cls.publishers()]


def permissions(service: str) -> dict[str, str]:
    """Least privilege: no configure right, writes to the own exchange only, reads from the own queues only."""
    return {
        "configure": "^$",
        "write": f"^academy\\.{service}$",
        "read": f"^{service}\\.(inbox|dead)$",
    }


def policies() -> dict[str, dict[str, Any]]:
    """Policies by name as the management API takes them."""
    return {
        f"{service}-inbox": {
            "pattern": f"^{service}\\.inbox$",
            "apply-to": "queues",
            "definition": {**INBOX_POLICY, "dead-letter-routing-key": dead_queue(service)},
        }
        for service in SERVICES
    }
