"""Signing in and out, and the own sessions, at the HTTP door."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, status

from services.identity import own_sessions, refreshing, signing_in
from services.identity.browser import DeskDep
from services.identity.dependencies import DatabaseDep, OriginDep, ProvidersDep, SignerDep
from services.identity.factors.schemas import SecondFactorRead
from services.identity.passwords import HASHING
from services.identity.providers.schemas import RemainingAccessRead
from services.identity.schemas import PasswordSignIn, SessionRefresh, SessionsRead, TokensRead
from shared.auth import PUBLIC, Actor, require
from shared.database import SessionDep
from shared.routing import AcademyRouter
from shared.slots import needs

SECOND_STEP: dict[int | str, dict[str, Any]] = {
    202: {"model": SecondFactorRead, "description": "Now the second factor"}
}
router = AcademyRouter(
    secret=True,
    prefix="/api/v1/auth",
    tags=["auth"],
    responses={401: {"description": "Wrong or spent credentials"}, 403: {"description": "The account is suspended"}},
)

Account = Annotated[Actor, require("account:use")]
Owner = Annotated[Actor, require("account:secure")]


@router.post(
    "/login",
    response_model=TokensRead,
    response_model_exclude_none=True,
    responses=SECOND_STEP,
    dependencies=[PUBLIC],
)
@needs(HASHING)
def login(body: PasswordSignIn, desk: DeskDep, database: DatabaseDep, signer: SignerDep) -> Any:
    """Sign in: an access token for five minutes, and a refresh token for the next one. An account with a second factor
    answers 202 instead."""
    password = body.password.get_secret_value()
    return desk.answer(body, signing_in.sign_in(database, signer, body.email, password, desk.visitor(body)))


@router.post("/refresh", response_model_exclude_none=True, dependencies=[PUBLIC])
def refresh(
    body: SessionRefresh, desk: DeskDep, database: DatabaseDep, signer: SignerDep, origin: OriginDep
) -> TokensRead:
    """Exchange a refresh token for the next pair. Each is good once; one that comes back ends the session."""
    signed_in = refreshing.refresh(database, signer, desk.take_refresh_token(body), origin)
    return desk.hand_out_again(body, signed_in)


@router.post("/logout", status_code=status.HTTP_204_NO_CONTENT)
def logout(actor: Account, session: SessionDep, desk: DeskDep, origin: OriginDep) -> None:
    """Sign out: this session's tokens end, in every service within two seconds."""
    own_sessions.sign_out(session, origin.of(actor))
    desk.clear()


@router.get("/sessions", response_model=SessionsRead)
def list_sessions(actor: Owner, session: SessionDep) -> Any:
    """Where the caller is signed in, the latest used first."""
    return {"items": own_sessions.list_sessions(session, actor.user_id, actor.session_id)}


@router.delete("/sessions")
def end_sessions(
    actor: Owner,
    session: SessionDep,
    desk: DeskDep,
    origin: OriginDep,
    providers: ProvidersDep,
    keep_current: Annotated[bool, Query(description="Sign out everywhere else")] = False,
) -> RemainingAccessRead:
    """Sign out everywhere: all sessions end, and all API keys. The answer lists what still opens the account."""
    revoked, remaining = own_sessions.sign_out_everywhere(session, origin.of(actor), keep_current)
    if not keep_current:
        desk.clear()
    return RemainingAccessRead.of(revoked, remaining, providers)


@router.delete("/sessions/{session_id}", status_code=status.HTTP_204_NO_CONTENT)
def end_session(session_id: UUID, actor: Owner, session: SessionDep, origin: OriginDep) -> None:
    """Sign out one device."""
    own_sessions.sign_out_device(session, session_id, origin.of(actor))
