"""What identity publishes."""

from typing import ClassVar, Literal
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
    avatar_id: UUID | None = None
    # BCP 47, and a name of the IANA time zone database. None from a release that does not say: what is known stays.
    locale: str | None = None
    time_zone: str | None = None


class UserSuspended(IdentityEvent):
    reason: str = ""


class InstructorApplicationDecided(IdentityEvent):
    """`reason` is told to the applicant; empty when approved."""

    application_id: UUID
    approved: bool
    reason: str = ""


class EmailVerificationRequested(IdentityEvent):
    """`token` completes the link of the mail; it is single use and expires, and is stored hashed by identity.

    Before there is an account, `email` says where the mail goes; the account will have this `user_id`. `name` is not
    filled any more: nobody is greeted by a name before the address is confirmed.
    """

    is_kept: ClassVar[bool] = False
    token: str
    expires_at: AwareDatetime
    email: str | None = None
    name: str | None = None


class RegistrationRepeated(IdentityEvent):
    """Somebody wanted the address of an account that exists, by registering or for another account: its owner is told,
    the caller is not."""

    attempted_at: AwareDatetime


class UserInvited(IdentityEvent):
    """As EmailVerificationRequested; an administrator has made the account, the link sets its password."""

    is_kept: ClassVar[bool] = False
    token: str
    expires_at: AwareDatetime


class EmailChangeRequested(IdentityEvent):
    """As EmailVerificationRequested, twice: the link for the mailbox of `new_email` (`to_new`), and the one for the
    mailbox that the account has. The address changes when both were followed."""

    is_kept: ClassVar[bool] = False
    token: str
    expires_at: AwareDatetime
    new_email: str
    to_new: bool


class PasswordResetRequested(IdentityEvent):
    """As EmailVerificationRequested."""

    is_kept: ClassVar[bool] = False
    token: str
    expires_at: AwareDatetime


SecurityChange = Literal[
    "refresh_token_reused",
    "password_changed",
    "password_reset",
    "totp_on",
    "totp_off",
    "passkey_added",
    "passkey_removed",
    "recovery_code_used",
    "recovery_codes_renewed",
    "provider_linked",
    "provider_unlinked",
    "email_changed",
    "email_move_begun",
    "api_key_created",
    "api_key_revoked",
    "signed_out_everywhere",
    "signed_out_elsewhere",
]


class AccountSecurityChanged(IdentityEvent):
    """What the owner should know at once. `change` is one of SecurityChange, or one that a newer release knows;
    `device` and `place` are of the request that did it. When all sessions have ended, `passkeys` (their names) and
    `providers` (their issuers) still open the account."""

    change: str
    device: str
    place: str
    changed_at: AwareDatetime
    passkeys: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
