"""What people are told about their account."""

import hashlib
from collections.abc import Sequence
from textwrap import shorten
from urllib.parse import quote

from services.notifications.notices import Notice, compose
from shared.events import (
    AccountSecurityChanged,
    EmailChangeRequested,
    EmailVerificationRequested,
    InstructorApplicationDecided,
    PasswordResetRequested,
    PersonExportReady,
    RegistrationRepeated,
    UserInvited,
    UserRegistered,
)

# What happened, as its owner reads it; one that only a newer identity knows is told in general words.
CHANGES = {
    "refresh_token_reused": (
        "A sign-in of your account was used from two places, as if it had been copied. We have ended that sign-in"
    ),
    "password_changed": (
        "The password of your account was changed, and all other devices were signed out. API keys go on working"
    ),
    "password_reset": (
        "The password of your account was set anew by a link from your mail. All devices were signed out, and all API"
        " keys were revoked"
    ),
    "signed_out_everywhere": "All devices were signed out of your account, and all API keys were revoked",
    "signed_out_elsewhere": "All other devices were signed out of your account, and all API keys were revoked",
    "totp_on": "An authenticator app was added to your account",
    "totp_off": "The authenticator app was removed from your account",
    "passkey_added": "A passkey was added to your account",
    "passkey_removed": "A passkey was removed from your account",
    "recovery_code_used": "A recovery code was used to sign in to your account",
    "recovery_codes_renewed": "New recovery codes were made for your account; the old ones are void",
    "provider_linked": "Your account can now be entered by signing in elsewhere: another provider was linked to it",
    "provider_unlinked": "A provider by which your account could be entered was unlinked",
    "email_changed": "The e-mail address of your account was changed, and all other devices were signed out",
    "email_move_begun": (
        "The academy is about to move your account to another e-mail address, because this mailbox was said to be lost;"
        " a new password stops that"
    ),
    "api_key_created": (
        "An API key was made for your account: a program can use it until you revoke it in your settings"
    ),
    "api_key_revoked": "An API key of your account was revoked",
}
# A line of a mail has room for so much (texts.one_line).
MOST_NAMES, LONGEST_NAME = 4, 40
ANY_CHANGE = "The security settings of your account were changed"


def welcome(event: UserRegistered) -> Notice:
    """Once in the life of an account."""
    return compose("welcome", event.user_id, "/courses")


def email_verification(event: EmailVerificationRequested) -> Notice:
    """A link that proves the address."""
    return _with_token("email_verification", "/verify-email", event)


def password_reset(event: PasswordResetRequested) -> Notice:
    """A link that sets a new password."""
    return _with_token("password_reset", "/reset-password", event)


def email_change(event: EmailChangeRequested) -> Notice:
    """A link that confirms another address: the one for its own mailbox, or the one for the present one."""
    kind = "email_change_new" if event.to_new else "email_change_old"
    return _with_token(kind, "/confirm-email", event, new_email=event.new_email)


def application_decided(event: InstructorApplicationDecided) -> Notice:
    """Whether somebody may teach from now on; a refusal says why."""
    if event.approved:
        return compose("instructor_approved", event.application_id, "/teach")
    return compose("instructor_rejected", event.application_id, "/account", reason=event.reason)


def account_exists(event: RegistrationRepeated) -> Notice:
    """For who has forgotten having an account, and for who should know that somebody else tried."""
    return compose("account_exists", event.attempted_at.isoformat(), "/login")


def security_notice(event: AccountSecurityChanged) -> Notice:
    """What a thief would do, told to the owner."""
    return compose(
        "security_notice",
        f"{event.change}:{event.changed_at.isoformat()}",
        "/settings/security",
        change=CHANGES.get(event.change, ANY_CHANGE),
        device=event.device,
        place=event.place or "unknown",
        time=event.changed_at.isoformat(),
        passkeys=_listed(event.passkeys),
        providers=_listed(event.providers),
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(shorten(name, LONGEST_NAME, placeholder="...") for name in names[:MOST_NAMES])
    return f"{shown} and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else shown


def invitation(event: UserInvited) -> Notice:
    """A link that sets the first password."""
    return _with_token("invitation", "/reset-password", event)


def export_ready(event: PersonExportReady) -> Notice:
    """A link to everything the academy has of a person."""
    return _with_token("export_ready", f"/account/exports/{event.export_id}", event)


Linked = EmailVerificationRequested | EmailChangeRequested | PasswordResetRequested | PersonExportReady | UserInvited


def _with_token(kind: str, page: str, event: Linked, **facts: str) -> Notice:
    # After '#', browsers keep it to themselves: it reaches no server's log and no Referer header.
    link = f"{page}#token={quote(event.token, safe='')}"
    # The request has no id of its own, and its token must not show in a key.
    fact = hashlib.sha256(event.token.encode()).hexdigest()[:16]
    return compose(kind, fact, link, expires=event.expires_at.isoformat(), **facts)
