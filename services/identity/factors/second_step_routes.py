"""The second step of a sign-in and passkeys, at the HTTP door."""

from typing import Any

from services.identity.browser import DeskDep
from services.identity.dependencies import BoxDep, DatabaseDep, SignerDep, SiteDep
from services.identity.factors import second_step
from services.identity.factors.schemas import CodeSignIn, PasskeyChallengeRead, PasskeyQuestion, PasskeySignIn
from services.identity.factors.second_step import Code
from services.identity.schemas import TokensRead
from shared.auth import PUBLIC
from shared.database import SessionDep
from shared.routing import AcademyRouter

router = AcademyRouter(
    secret=True,
    prefix="/api/v1/auth/login",
    tags=["auth"],
    dependencies=[PUBLIC],
    responses={
        401: {"description": "Wrong code, or a passkey that is not accepted"},
        403: {"description": "The account is suspended, or the page is not one of ours"},
        410: {"description": "The ticket was used, or is too old: sign in again"},
    },
)


@router.post("/code", response_model_exclude_none=True)
def login_with_code(
    body: CodeSignIn, desk: DeskDep, database: DatabaseDep, signer: SignerDep, box: BoxDep
) -> TokensRead:
    """Second step by a code of the authenticator app, or by a recovery code."""
    code = Code(body.code or "", body.recovery_code.get_secret_value())
    ticket = body.ticket.get_secret_value()
    return desk.hand_out(body, second_step.finish_with_code(database, signer, box, ticket, code, desk.visitor(body)))


@router.post("/passkey/options", response_model=PasskeyChallengeRead)
def ask_passkey(body: PasskeyQuestion, session: SessionDep, site: SiteDep) -> Any:
    """What to give to navigator.credentials.get: as second step with its ticket, or to sign in by passkey alone."""
    return second_step.begin_passkey_step(session, site, body.ticket.get_secret_value())


@router.post("/passkey", response_model_exclude_none=True)
def login_with_passkey(
    body: PasskeySignIn, desk: DeskDep, session: SessionDep, signer: SignerDep, site: SiteDep
) -> TokensRead:
    """Sign in by the passkey's answer."""
    answer = body.ticket.get_secret_value(), body.credential
    return desk.hand_out(body, second_step.finish_with_passkey(session, signer, site, answer, desk.visitor(body)))
