"""An API key becomes an access token of five minutes: OAuth 2.0's client credentials grant (RFC 6749, section 4.4).

A right key is never kept waiting. Wrong ones are counted per network address; 256 bits cannot be guessed, so this only
saves our work.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.identity import refusals, secret_tokens, sessions, throttle, users
from services.identity.access_tokens import Limits, TokenSigner
from services.identity.api_keys import key_text
from services.identity.api_keys.keys import grantable
from services.identity.api_keys.models import ApiKey
from services.identity.audit import Origin
from services.identity.authentications import Authentication
from services.identity.models import UserSession
from services.identity.sessions import ABSOLUTE
from shared import audit
from shared.database import Database
from shared.errors import Problem, Unauthorized
from shared.networks import throttled_network


class ApiKeyInvalid(Unauthorized):
    """`error` as RFC 6749, section 5.2 calls it, so that OAuth libraries know it."""

    slug, title = "api-key-invalid", "The API key is not valid"

    def __init__(self) -> None:
        super().__init__("It is unknown, expired or revoked, or its account is closed. Ask its owner for a new one.")
        self.headers["WWW-Authenticate"] = 'Basic realm="academy"'
        self.members["error"] = "invalid_client"


class ScopeInvalid(Problem):
    status, slug, title = 400, "scope-invalid", "The key does not have this scope"
    detail = "Leave `scope` out to get all that the key has, or name some of it."

    def __init__(self) -> None:
        super().__init__(error="invalid_scope")


@dataclass(frozen=True)
class Presented:
    """What a program shows: its key, the id it names beside it and the scopes it asks for; empty: neither."""

    key: str
    key_id: str = ""
    scope: str = ""


@dataclass(frozen=True)
class IssuedToken:
    """`scope` is what it is good for: a part of the key's, as far as the owner may do it today. It does not outlive the
    key: `expires_in` is seconds."""

    access_token: str
    scope: str
    expires_in: int


def exchange_key(database: Database, signer: TokenSigner, presented: Presented, origin: Origin) -> IssuedToken:
    """A token for a key. Raises ApiKeyInvalid, the same for every cause, ScopeInvalid, TooManyAttempts.

    Takes the database and not a session: what a refusal leaves behind must be committed.
    """
    with database.begin() as session:
        outcome = _exchange(session, signer, presented, origin)
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


def _exchange(
    session: Session, signer: TokenSigner, presented: Presented, origin: Origin
) -> IssuedToken | ApiKeyInvalid:
    known = _find(session, presented)
    user = users.lock_user(session, known.user_id) if known else None
    # Again, now that nobody can revoke it under us: whoever does locks its owner first.
    key = _find(session, presented) if user else None
    if user is None or key is None or user.status != "active" or _is_over(key):
        throttle.charge_attempt(session, throttle.key_guess(throttled_network(origin.ip)))
        if key:
            refusals.record(session, origin, "api_key.refused", key.user_id, api_key_id=str(key.id))
        return ApiKeyInvalid()
    asked = set(presented.scope.split() or key.scopes)
    if not asked <= set(key.scopes):
        raise ScopeInvalid
    current = _current_session(session, key, origin)
    key.last_used_at = current.last_seen_at = datetime.now(UTC)
    limits = Limits(" ".join(sorted(asked & grantable(user.roles))), key.expires_at)
    token = signer.sign(user.id, current.sid, user.roles, limits=limits)
    return IssuedToken(token, limits.scope, limits.seconds)


def _find(session: Session, presented: Presented) -> ApiKey | None:
    if not key_text.is_well_formed(presented.key):
        return None
    by_hash = select(ApiKey).where(ApiKey.key_hash == secret_tokens.hash_token(presented.key))
    key = session.scalars(by_hash.execution_options(populate_existing=True)).one_or_none()
    return key if key and presented.key_id in ("", str(key.id)) else None


def _is_over(key: ApiKey) -> bool:
    return key.expires_at is not None and key.expires_at <= datetime.now(UTC)


def _current_session(session: Session, key: ApiKey, origin: Origin) -> UserSession:
    """The key's session. One that was ended, as all of its owner's may be, or has grown old is followed by another."""
    now = datetime.now(UTC)
    current = session.get(UserSession, key.session_id, with_for_update=True) if key.session_id else None
    if current and current.revoked_at is None and current.expires_at > now:
        return current
    lifetime = min(ABSOLUTE, key.expires_at - now) if key.expires_at else ABSOLUTE
    current = sessions.open_session(session, key.user_id, origin, lifetime, Authentication(("api_key",)))
    key.session_id = current.id
    started = origin.by(key.user_id, str(current.sid))
    audit.record(session, started, "session.started", key.user_id, api_key_id=str(key.id))
    return current
