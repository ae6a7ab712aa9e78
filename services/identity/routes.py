"""Identity at its HTTP door."""

from typing import Annotated, Any

from fastapi import Query, Response, status

from services.identity import (
    admin_routes,
    password_strength,
    refreshing,
    registration,
    revocations,
    sessions,
    signing_in,
    users,
)
from services.identity.access_tokens import LIFETIME_SECONDS
from services.identity.auditing import routes as auditing_routes
from services.identity.dependencies import NO_STORE, DatabaseDep, OriginDep, SignerDep
from services.identity.instructors import routes as instructors_routes
from services.identity.schemas import (
    AccountRead,
    PasswordStrengthCreate,
    PasswordStrengthRead,
    RevocationRead,
    RevocationsRead,
    SessionCreate,
    SessionRefresh,
    TokensRead,
    UserCreate,
    UserRead,
    UserUpdate,
)
from services.identity.sessions import SignedIn
from shared.auth import INTERNAL, PUBLIC, Actor, require
from shared.database import SessionDep
from shared.preconditions import IfMatch
from shared.routing import AcademyRouter

auth = AcademyRouter(
    secret=True,
    prefix="/api/v1/auth",
    tags=["auth"],
    dependencies=[NO_STORE],
    responses={401: {"description": "Wrong or spent credentials"}, 403: {"description": "The account is suspended"}},
)
people = AcademyRouter(prefix="/api/v1/users", tags=["users"])
keys = AcademyRouter(tags=["keys"])
ROUTERS = [
    auth,
    instructors_routes.own,
    people,
    admin_routes.router,
    admin_routes.secret_router,
    instructors_routes.admin,
    auditing_routes.router,
    keys,
]

Account = Annotated[Actor, require("account:use")]
MAX_SEQ = 2**63 - 1


@auth.post("/register", status_code=status.HTTP_201_CREATED, response_model=UserRead, dependencies=[PUBLIC])
def register(body: UserCreate, database: DatabaseDep, origin: OriginDep) -> Any:
    """Make an account. Signing in is the next step."""
    return registration.register(database, body.email, body.name, body.password.get_secret_value(), origin)


@auth.post("/login", dependencies=[PUBLIC])
def login(body: SessionCreate, database: DatabaseDep, signer: SignerDep, origin: OriginDep) -> TokensRead:
    """Sign in: an access token for five minutes, and a refresh token for the next one."""
    return _tokens(signing_in.sign_in(database, signer, body.email, body.password.get_secret_value(), origin))


@auth.post("/refresh", dependencies=[PUBLIC])
def refresh(body: SessionRefresh, database: DatabaseDep, signer: SignerDep, origin: OriginDep) -> TokensRead:
    """Exchange a refresh token for the next pair. Each is good once; one that comes back ends the session."""
    return _tokens(refreshing.refresh(database, signer, body.refresh_token.get_secret_value(), origin))


@auth.post("/logout", status_code=status.HTTP_204_NO_CONTENT)
def logout(actor: Account, session: SessionDep, origin: OriginDep) -> None:
    """Sign out: this session's tokens end, in every service within two seconds."""
    sessions.sign_out(session, origin.of(actor))


@auth.post("/password-strength", response_model=PasswordStrengthRead, dependencies=[PUBLIC])
def rate_password(body: PasswordStrengthCreate) -> Any:
    """How good a password would be, for the form that asks for a new one. Nothing is stored."""
    return password_strength.assess_password(body.password.get_secret_value(), [body.email, body.name])


@people.get("/me", response_model=AccountRead)
def read_me(actor: Account, session: SessionDep) -> Any:
    """The caller's account. `impersonated_by` is set while an administrator acts in its name: show a banner."""
    return users.read_account(session, actor.user_id, actor.impersonator_id)


@people.patch("/me", response_model=UserRead)
def update_me(body: UserUpdate, actor: Account, session: SessionDep, expected: IfMatch) -> Any:
    """Change the caller's account."""
    return users.rename_user(session, actor.user_id, body.name, expected)


@keys.get("/.well-known/jwks.json", dependencies=[PUBLIC])
def read_keys(signer: SignerDep, response: Response) -> dict[str, Any]:
    """The public keys that verify access tokens (RFC 7517)."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return signer.jwks()


@keys.get("/internal/revocations", dependencies=[INTERNAL], include_in_schema=False)
def read_revocations(session: SessionDep, after: Annotated[int, Query(ge=0, le=MAX_SEQ)] = 0) -> RevocationsRead:
    """What was revoked after a sequence number; each service asks every second."""
    rows, last_seq = revocations.list_revocations(session, after)
    return RevocationsRead(items=[RevocationRead.model_validate(row) for row in rows], last_seq=last_seq)


def _tokens(signed_in: SignedIn) -> TokensRead:
    return TokensRead(
        access_token=signed_in.access_token, expires_in=LIFETIME_SECONDS, refresh_token=signed_in.refresh_token
    )
