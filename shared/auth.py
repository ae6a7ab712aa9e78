"""Default deny: every route declares who may call it, or the service does not start.

router.get("/courses", dependencies=[PUBLIC])
def create(actor: Annotated[Actor, require("courses:write")]): ...
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from shared.errors import Forbidden, Unauthorized, Unavailable
from shared.permissions import SENSITIVE, Permission, permissions_in_force
from shared.revocations import RevocationSource
from shared.telemetry import get_logger
from shared.threads import run_in_thread
from shared.token_keys import InvalidToken, KeysUnavailable
from shared.tokens import Claims, TokenVerifier

log = get_logger(__name__)

READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Actor:
    """Who calls. The token is the only source: identity headers of a request are never read. `impersonator_id` is the
    administrator who acts in this person's name, None nearly always."""

    user_id: UUID
    session_id: str
    roles: frozenset[str]
    permissions: frozenset[Permission]
    impersonator_id: UUID | None = None

    def may(self, permission: Permission) -> bool:
        """True when the caller's token grants it."""
        return permission in self.permissions


class Access:
    """A route's declaration of who may call it. A request is asked before its body is read, and again by the framework:
    it is looked at once."""

    description: str

    async def __call__(self, request: Request) -> Any:
        admitted: dict[Access, Actor | None] = request.scope.setdefault("academy.admitted", {})
        if self not in admitted:
            admitted[self] = await self.admit(request)
        return admitted[self]

    async def admit(self, request: Request) -> Actor | None:
        """The caller, where one has to be known. Raises Unauthorized, Forbidden, Unavailable."""
        return None


class Public(Access):
    """Anyone. A token, if sent, is not looked at."""

    description = "public"


class Optional(Access):
    """Anyone; a signed-in caller is known. A bad token is refused, not ignored."""

    description = "public, more for the signed in"

    async def admit(self, request: Request) -> Actor | None:
        return await authenticate(request) if "authorization" in request.headers else None


class Internal(Access):
    """Other services only, with INTERNAL_TOKEN; the gateway does not route here."""

    description = "internal"

    async def admit(self, request: Request) -> None:
        expected = f"Bearer {request.app.state.settings.internal_token.get_secret_value()}"
        given = request.headers.get("authorization", "")
        if len(expected) <= len("Bearer ") or not hmac.compare_digest(given.encode(), expected.encode()):
            raise Unauthorized("This address is for the academy's own services.")


class Require(Access):
    """Signed in with a permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission: Permission = permission
        self.description = permission

    async def admit(self, request: Request) -> Actor:
        actor = await authenticate(request)
        if not actor.may(self.permission):
            raise Forbidden(f"This needs the permission {self.permission}. Ask an administrator for it.")
        feed: RevocationSource = request.app.state.revocations
        if self.permission in SENSITIVE and not feed.is_fresh():
            raise Unavailable(
                "Sign-outs cannot be checked at the moment, so this is closed. Try again in a few seconds."
            )
        if actor.impersonator_id and request.method not in READING:
            # Services without an audit log leave this trace.
            names = {"user_id": str(actor.user_id), "impersonator_id": str(actor.impersonator_id)}
            log.info("acts in another person's name", method=request.method, path=request.scope["path"], **names)
        return actor


PUBLIC = Depends(Public())
OPTIONAL = Depends(Optional())
INTERNAL = Depends(Internal())


def require(permission: Permission) -> Any:
    """The dependency for `Annotated[Actor, require("courses:write")]`: 401 without a valid token, 403 without the
    permission, 503 for a sensitive one while the revocation feed is stale."""
    return Depends(Require(permission))


async def authenticate(request: Request) -> Actor:
    """The caller by the Authorization header, with one more request counted for the account. Raises what `read_actor`
    does, and TooManyRequests."""
    actor = await read_actor(request)
    request.app.state.account_limit.count(actor.impersonator_id or actor.user_id)
    return actor


async def read_actor(request: Request) -> Actor:
    """The caller by the Authorization header. Raises Unauthorized for a missing, invalid or revoked token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized
    verifier: TokenVerifier = request.app.state.tokens
    feed: RevocationSource = request.app.state.revocations
    if verifier.can_verify(token) and feed.in_memory:
        # Nothing to wait for; a thread would cost more than the look-ups, and as much as checking a signature.
        return _admit(token, verifier, feed)
    return await run_in_thread(_admit, token, verifier, feed)


def _admit(token: str, verifier: TokenVerifier, feed: RevocationSource) -> Actor:
    try:
        claims = verifier.verify(token)
    except KeysUnavailable as error:
        # Never 401: a frontend would sign the learner out over a token that may well be good.
        raise Unavailable("Sign-ins cannot be checked at the moment. Try again in a few seconds.") from error
    except InvalidToken as error:
        log.info("token refused", reason=str(error))
        raise Unauthorized("The access token is not valid or has expired. Refresh it or sign in again.") from error
    if not feed.is_loaded():
        # Just started: what was signed out before is not known yet.
        raise Unavailable("Sign-outs cannot be checked yet. Try again in a second.", retry_after=1)
    if feed.is_revoked(claims):
        raise Unauthorized("This session has ended. Sign in again.")
    return actor_from(claims)


def actor_from(claims: Claims) -> Actor:
    """The caller that verified claims describe."""
    permissions = permissions_in_force(claims.roles, claims.impersonator_id is not None, claims.scopes)
    return Actor(claims.user_id, claims.session_id, claims.roles, permissions, claims.impersonator_id)


def check_every_route_declares_access(app: FastAPI) -> None:
    """Raises RuntimeError naming each route that nobody declared an access for."""
    undeclared = [f"{methods} {path}" for methods, path, access in declared_accesses(app) if access is None]
    if undeclared:
        raise RuntimeError(f"declare access (shared.auth) for: {', '.join(undeclared)}")


def declared_accesses(app: FastAPI) -> Iterable[tuple[str, str, Access | None]]:
    """(methods, path, access) of each of the application's own routes; None where nobody declared an access."""
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute):
            access = next((call for call in dependency_calls(route.dependant) if isinstance(call, Access)), None)
            yield ",".join(sorted(route.methods or ())), str(route.path), access


def dependency_calls(dependant: Dependant) -> Iterable[Any]:
    """What a route calls before its own function, at any depth."""
    for child in dependant.dependencies:
        yield child.call
        yield from dependency_calls(child)
