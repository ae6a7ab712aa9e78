"""API keys at the HTTP door: the own ones, other people's for administrators, and the token for a key."""

from base64 import b64decode
from typing import Annotated, Any
from uuid import UUID

from fastapi import Request, status

from services.identity import security_news, step_up
from services.identity.api_keys import exchange, keys
from services.identity.api_keys.schemas import (
    AccessTokenRead,
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyRead,
    ApiKeysRead,
    TokenRequest,
)
from services.identity.dependencies import DatabaseDep, OriginDep, SignerDep
from shared.auth import PUBLIC, Actor, require
from shared.database import SessionDep
from shared.forms import form_body
from shared.limits import refusals
from shared.routing import AcademyRouter

own = AcademyRouter(secret=True, prefix="/api/v1/auth", tags=["api keys"])
admin = AcademyRouter(prefix="/api/v1/admin/users", tags=["admin"])

Owner = Annotated[Actor, require("account:secure")]
UserReader = Annotated[Actor, require("users:read")]
UserAdmin = Annotated[Actor, require("users:admin")]


@own.post("/token", dependencies=[PUBLIC], responses={401: {"description": "Not a key that is good now"}})
def exchange_api_key(
    request: Request,
    form: Annotated[TokenRequest, form_body()],
    database: DatabaseDep,
    signer: SignerDep,
    origin: OriginDep,
) -> AccessTokenRead:
    """Exchange an API key for an access token (OAuth 2.0 client credentials). It ends with the key."""
    key_id, key = _basic_credentials(request) or (form.client_id, form.client_secret.get_secret_value())
    issued = exchange.exchange_key(database, signer, exchange.Presented(key, key_id, form.scope), origin)
    return AccessTokenRead(access_token=issued.access_token, expires_in=issued.expires_in, scope=issued.scope)


@own.post("/api-keys", status_code=status.HTTP_201_CREATED, responses=refusals(security_news.NEW_CREDENTIALS))
def create_api_key(body: ApiKeyCreate, actor: Owner, session: SessionDep, origin: OriginDep) -> ApiKeyCreated:
    """Make a key for a program. Its text is shown this once. Needs a sign-in of the last ten minutes."""
    step_up.require_recent_sign_in(session, actor.session_id)
    wanted = keys.NewKey(body.name, body.scopes, body.expires_at)
    key, text = keys.create_key(session, actor.user_id, wanted, origin.of(actor))
    return ApiKeyCreated(**ApiKeyRead.model_validate(key).model_dump(), key=text)


@own.get("/api-keys", response_model=ApiKeysRead)
def list_api_keys(actor: Owner, session: SessionDep) -> Any:
    """The own keys, and when each was used last."""
    return {"items": keys.list_keys(session, actor.user_id)}


@own.delete("/api-keys/{key_id}", status_code=status.HTTP_204_NO_CONTENT)
def revoke_api_key(key_id: UUID, actor: Owner, session: SessionDep, origin: OriginDep) -> None:
    """Revoke a key; its access tokens end within two seconds."""
    keys.revoke_key(session, actor.user_id, key_id, origin.of(actor))


@admin.get("/{user_id}/api-keys", response_model=ApiKeysRead)
def list_api_keys_of_user(user_id: UUID, actor: UserReader, session: SessionDep) -> Any:
    """The keys of a user."""
    return {"items": keys.list_keys(session, user_id)}


@admin.delete("/{user_id}/api-keys/{key_id}", status_code=status.HTTP_204_NO_CONTENT)
def revoke_api_key_of_user(
    user_id: UUID, key_id: UUID, actor: UserAdmin, session: SessionDep, origin: OriginDep
) -> None:
    """Revoke a user's key. The user is told by mail."""
    keys.revoke_key(session, user_id, key_id, origin.of(actor))


def _basic_credentials(request: Request) -> tuple[str, str] | None:
    """Id and key by HTTP Basic (RFC 7617), which RFC 6749 section 2.3.1 prefers; two empty ones when unreadable."""
    scheme, _, packed = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        key_id, _, key = b64decode(packed, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return key_id, key
