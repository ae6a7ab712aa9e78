"""What identity publishes."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.event import Event


class IdentityEvent(Event):
    source: ClassVar[str] = "identity"
    subject_field: ClassVar[str] = "user_id"
    user_id: UUID
    version: int


class UserRegistered(IdentityEvent):
    email: str
    name: str
    roles: list[str]


class UserUpdated(IdentityEvent):
    email: str
    name: str
    roles: list[str]
    status: str = "active"


class UserSuspended(IdentityEvent):
    reason: str = ""


class InstructorApplicationDecided(IdentityEvent):
    """`reason` is told to the applicant; empty when approved."""

    application_id: UUID
    approved: bool
    reason: str = ""


class EmailVerificationRequested(IdentityEvent):
    """`token` completes the link of the mail; it is single use and expires, and is stored hashed by identity."""

    token: str
    expires_at: AwareDatetime


class PasswordResetRequested(IdentityEvent):
    """As EmailVerificationRequested."""

    token: str
    expires_at: AwareDatetime
