"""The own second factors at the HTTP door. Changing them needs a sign-in of the last ten minutes."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import status

from services.identity import security_news, step_up, users
from services.identity.dependencies import BoxDep, OriginDep, SiteDep
from services.identity.factors import enrolment, passkeys, recovery_codes, totp
from services.identity.factors.schemas import (
    FactorsRead,
    PasskeyChallengeRead,
    PasskeyCreate,
    PasskeyCreated,
    PasskeyRead,
    RecoveryCodesRead,
    TotpConfirm,
    TotpRead,
)
from shared.auth import Actor, require
from shared.database import SessionDep
from shared.limits import refusals
from shared.routing import AcademyRouter

router = AcademyRouter(secret=True, prefix="/api/v1/auth", tags=["second factors"])
LIMITED = refusals(security_news.NEW_CREDENTIALS)

Owner = Annotated[Actor, require("account:secure")]


@router.get("/factors")
def read_factors(actor: Owner, session: SessionDep) -> FactorsRead:
    """What the caller signs in with beside the password."""
    own = passkeys.list_passkeys(session, actor.user_id)
    return FactorsRead(
        totp="totp" in enrolment.list_methods(session, actor.user_id),
        passkeys=[PasskeyRead.model_validate(passkey) for passkey in own],
        recovery_codes_left=recovery_codes.count_codes(session, actor.user_id),
    )


@router.post("/totp", status_code=status.HTTP_201_CREATED, response_model=TotpRead)
def begin_totp(actor: Owner, session: SessionDep, box: BoxDep) -> Any:
    """Begin with an authenticator app: show `uri` as a QR code. It counts once a code of it is confirmed."""
    step_up.require_recent_sign_in(session, actor.session_id)
    return totp.begin_totp(session, box, users.lock_user(session, actor.user_id))


@router.post("/totp/confirm", responses=LIMITED)
def confirm_totp(
    body: TotpConfirm, actor: Owner, session: SessionDep, box: BoxDep, origin: OriginDep
) -> RecoveryCodesRead:
    """Turn the authenticator app on by a code of it."""
    step_up.require_recent_sign_in(session, actor.session_id)
    user = users.lock_user(session, actor.user_id)
    codes = totp.confirm_totp(session, box, user, body.code, origin.of(actor))
    step_up.add_factor(session, actor.session_id, "totp")
    return RecoveryCodesRead(recovery_codes=codes)


@router.delete("/totp", status_code=status.HTTP_204_NO_CONTENT)
def remove_totp(actor: Owner, session: SessionDep, origin: OriginDep) -> None:
    """Remove the authenticator app."""
    step_up.require_recent_sign_in(session, actor.session_id)
    totp.remove_totp(session, users.lock_user(session, actor.user_id), origin.of(actor))
    enrolment.drop_codes_without_factor(session, actor.user_id)


@router.post("/recovery-codes", responses=LIMITED)
def renew_recovery_codes(actor: Owner, session: SessionDep, origin: OriginDep) -> RecoveryCodesRead:
    """Ten new recovery codes; the old ones are void."""
    step_up.require_recent_sign_in(session, actor.session_id)
    user = users.lock_user(session, actor.user_id)
    return RecoveryCodesRead(recovery_codes=enrolment.renew_codes(session, user, origin.of(actor)))


@router.post("/passkeys/options", response_model=PasskeyChallengeRead)
def begin_passkey(actor: Owner, session: SessionDep, site: SiteDep) -> Any:
    """What to give to navigator.credentials.create."""
    step_up.require_recent_sign_in(session, actor.session_id)
    return passkeys.begin_passkey(session, site, users.get_user(session, actor.user_id))


@router.post(
    "/passkeys",
    status_code=status.HTTP_201_CREATED,
    responses={410: {"description": "The ticket was used, or is too old: ask for new options"}, **LIMITED},
)
def add_passkey(
    body: PasskeyCreate, actor: Owner, session: SessionDep, site: SiteDep, origin: OriginDep
) -> PasskeyCreated:
    """Add the passkey that the browser made."""
    step_up.require_recent_sign_in(session, actor.session_id)
    user = users.lock_user(session, actor.user_id)
    answer = body.ticket.get_secret_value(), body.name, body.credential
    passkey, codes = passkeys.add_passkey(session, site, user, answer, origin.of(actor))
    step_up.add_factor(session, actor.session_id, "passkey")
    return PasskeyCreated(**PasskeyRead.model_validate(passkey).model_dump(), recovery_codes=codes)


@router.delete("/passkeys/{passkey_id}", status_code=status.HTTP_204_NO_CONTENT)
def remove_passkey(passkey_id: UUID, actor: Owner, session: SessionDep, origin: OriginDep) -> None:
    """Remove a passkey."""
    step_up.require_recent_sign_in(session, actor.session_id)
    passkeys.remove_passkey(session, users.lock_user(session, actor.user_id), passkey_id, origin.of(actor))
    enrolment.drop_codes_without_factor(session, actor.user_id)
