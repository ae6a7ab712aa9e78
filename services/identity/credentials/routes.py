"""Registration and passwords at the HTTP door. What is answered about an address is the same for every address."""

from typing import Annotated, Any

from fastapi import status

from services.identity import password_strength, step_up
from services.identity.browser import DeskDep
from services.identity.credentials import email_changes, mail_links, password_changes, registration
from services.identity.credentials.mail_links import Purpose
from services.identity.credentials.schemas import (
    EmailChangeConfirm,
    EmailChangeRead,
    EmailVerification,
    LinkRequest,
    MailRead,
    PasswordChange,
    PasswordReset,
    PasswordStrengthCreate,
    PasswordStrengthRead,
    RegisteredRead,
    RegistrationCreate,
)
from services.identity.dependencies import DatabaseDep, OriginDep, ProvidersDep, SignerDep
from services.identity.password_strength import DECIDING, TYPING
from services.identity.passwords import HASHING
from services.identity.providers.schemas import RemainingAccessRead
from services.identity.schemas import TokensRead, UserRead
from shared.auth import PUBLIC, Actor, require
from shared.database import SessionDep
from shared.routing import AcademyRouter
from shared.slots import needs

router = AcademyRouter(
    secret=True,
    prefix="/api/v1/auth",
    tags=["auth"],
    responses={
        401: {"description": "Wrong or spent credentials"},
        403: {"description": "The account is suspended"},
        410: {"description": "The link was used, or is too old: ask for a new one"},
    },
)

Owner = Annotated[Actor, require("account:secure")]


@router.post("/register", status_code=status.HTTP_202_ACCEPTED, dependencies=[PUBLIC])
def register(body: RegistrationCreate, session: SessionDep) -> MailRead:
    """Ask for an account: the link in the mail makes it. An address that has one gets a mail that says so."""
    registration.register(session, body.email, body.name)
    return _mailed(body.email, "registration")


@router.post(
    "/verify-email",
    status_code=status.HTTP_201_CREATED,
    response_model=RegisteredRead,
    response_model_exclude_none=True,
    dependencies=[PUBLIC],
)
@needs(DECIDING, HASHING)
def verify_email(body: EmailVerification, desk: DeskDep, database: DatabaseDep, signer: SignerDep) -> Any:
    """Make the account that the mailed link is for, with a password, and sign in."""
    token, password = body.token.get_secret_value(), body.password.get_secret_value()
    user, signed_in = registration.confirm_registration(database, signer, token, password, desk.visitor(body))
    return UserRead.model_validate(user).model_dump() | desk.hand_out(body, signed_in).model_dump()


@router.post("/email-change", status_code=status.HTTP_202_ACCEPTED)
def request_email_change(body: LinkRequest, actor: Owner, session: SessionDep, origin: OriginDep) -> MailRead:
    """Ask for another address. It counts when the links in the mails to both, the new and the present one, were
    followed. Needs a sign-in of the last ten minutes."""
    step_up.require_recent_sign_in(session, actor.session_id)
    email_changes.request_change(session, body.email, origin.of(actor))
    return _mailed(body.email, "email_change")


@router.post("/email-change/confirm", response_model=EmailChangeRead, dependencies=[PUBLIC])
def confirm_email_change(body: EmailChangeConfirm, session: SessionDep, origin: OriginDep) -> Any:
    """Confirm another address by one of the two mailed links. With the second one all other sessions end."""
    changed = email_changes.confirm_change(session, body.token.get_secret_value(), origin)
    return {"status": "changed" if changed else "waiting"}


@router.post("/password", response_model_exclude_none=True)
@needs(DECIDING, HASHING)
def change_password(
    body: PasswordChange, actor: Owner, desk: DeskDep, database: DatabaseDep, signer: SignerDep
) -> TokensRead:
    """Change the own password. All sessions end; the answer holds the tokens of a new one."""
    current, new = body.current_password.get_secret_value(), body.password.get_secret_value()
    origin = desk.visitor(body).of(actor)
    return desk.hand_out(body, password_changes.change_password(database, signer, current, new, origin))


@router.post("/password-reset", status_code=status.HTTP_202_ACCEPTED, dependencies=[PUBLIC])
def request_password_reset(body: LinkRequest, session: SessionDep) -> MailRead:
    """Ask for a link that sets a new password. Only an address that has an account gets one."""
    password_changes.request_reset(session, body.email)
    return _mailed(body.email, "password_reset")


@router.post("/password-reset/confirm", dependencies=[PUBLIC])
@needs(DECIDING, HASHING)
def reset_password(
    body: PasswordReset, database: DatabaseDep, origin: OriginDep, providers: ProvidersDep
) -> RemainingAccessRead:
    """Set a new password by the mailed link. All sessions end, and all API keys. The answer lists what still opens the
    account."""
    token, password = body.token.get_secret_value(), body.password.get_secret_value()
    revoked, remaining = password_changes.reset_password(database, token, password, origin)
    return RemainingAccessRead.of(revoked, remaining, providers)


@router.post("/password-strength", response_model=PasswordStrengthRead, dependencies=[PUBLIC])
@needs(TYPING)
def rate_password(body: PasswordStrengthCreate) -> Any:
    """How good a password would be, for the form that asks for a new one. Nothing is stored."""
    return password_strength.assess_password(body.password.get_secret_value(), [body.email, body.name], TYPING)


def _mailed(email: str, purpose: Purpose) -> MailRead:
    return MailRead(email=email, expires_in=int(mail_links.LIFETIMES[purpose].total_seconds()))
