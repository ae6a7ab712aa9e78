"""What people are told about their account."""

import hashlib
from urllib.parse import quote

from services.notifications.notices import Notice, compose
from services.notifications.texts import written_time
from shared.events import (
    EmailVerificationRequested,
    InstructorApplicationDecided,
    PasswordResetRequested,
    UserRegistered,
)


def welcome(event: UserRegistered) -> Notice:
    """Once in the life of an account."""
    return compose("welcome", event.user_id, "/courses")


def email_verification(event: EmailVerificationRequested) -> Notice:
    """A link that proves the address."""
    return _with_token("email_verification", "/verify-email", event)


def password_reset(event: PasswordResetRequested) -> Notice:
    """A link that sets a new password."""
    return _with_token("password_reset", "/reset-password", event)


def application_decided(event: InstructorApplicationDecided) -> Notice:
    """Whether somebody may teach from now on; a refusal says why."""
    if event.approved:
        return compose("instructor_approved", event.application_id, "/teach")
    return compose("instructor_rejected", event.application_id, "/account", reason=event.reason)


def _with_token(kind: str, page: str, event: EmailVerificationRequested | PasswordResetRequested) -> Notice:
    # After '#', browsers keep it to themselves: it reaches no server's log and no Referer header.
    link = f"{page}#token={quote(event.token, safe='')}"
    # The request has no id of its own, and its token must not show in a key.
    fact = hashlib.sha256(event.token.encode()).hexdigest()[:16]
    return compose(kind, fact, link, expires=written_time(event.expires_at))
