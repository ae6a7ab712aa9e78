"""API keys: made by their owner for a program, with a part of the owner's powers. Shown once, stored hashed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.identity import secret_tokens, security_news, sessions, users
from services.identity.api_keys import key_text
from services.identity.api_keys.models import ApiKey
from services.identity.audit import Origin
from services.identity.models import User, UserSession
from shared import audit
from shared.errors import Conflict, Invalid, NotFound
from shared.permissions import WITHHELD_FROM_KEYS, Permission, permissions_of

AT_MOST = 50


class ApiKeyNotFound(NotFound):
    slug, title = "api-key-not-found", "There is no such API key"
    detail = "It was revoked, or is another account's; GET /api/v1/auth/api-keys lists yours."


class TooManyApiKeys(Conflict):
    slug, title = "too-many-api-keys", "There are many API keys already"
    detail = "Revoke one that is not used any more: `last_used_at` tells."


@dataclass(frozen=True)
class NewKey:
    """What a key is made for. `expires_at` None: it is good until it is revoked."""

    name: str
    scopes: Sequence[Permission]
    expires_at: datetime | None


def grantable(roles: Iterable[str]) -> frozenset[Permission]:
    """What an account with these roles may hand to a program."""
    return permissions_of(frozenset(roles)) - WITHHELD_FROM_KEYS


def create_key(session: Session, user_id: UUID, wanted: NewKey, origin: Origin) -> tuple[ApiKey, str]:
    """The key and its text, which nobody gets to see again. Raises Invalid("scopes"), Invalid("expires_at"),
    TooManyApiKeys."""
    user = users.lock_user(session, user_id)
    _check(session, user, wanted)
    text = key_text.new_key()
    key = ApiKey(
        id=uuid7(),
        user_id=user.id,
        key_hash=secret_tokens.hash_token(text),
        prefix=key_text.visible_prefix(text),
        name=wanted.name,
        scopes=sorted(set(wanted.scopes)),
        created_at=datetime.now(UTC),
        expires_at=wanted.expires_at,
    )
    session.add(key)
    audit.record(session, origin, "api_key.created", user.id, api_key_id=str(key.id), scopes=key.scopes)
    security_news.tell(session, user, "api_key_created", origin)
    return key, text


def list_keys(session: Session, user_id: UUID) -> Sequence[ApiKey]:
    """An account's keys, the oldest first; expired ones too. Raises UserNotFound."""
    users.get_user(session, user_id)
    return session.scalars(select(ApiKey).where(ApiKey.user_id == user_id).order_by(ApiKey.id)).all()


def revoke_key(session: Session, user_id: UUID, key_id: UUID, origin: Origin) -> None:
    """Ends a key of the account and its access tokens, at once and everywhere. Raises ApiKeyNotFound, for other
    people's too."""
    user = users.lock_user(session, user_id)
    key = session.get(ApiKey, key_id)
    if key is None or key.user_id != user.id:
        raise ApiKeyNotFound
    current = session.get(UserSession, key.session_id, with_for_update=True) if key.session_id else None
    if current and current.revoked_at is None:
        sessions.end_session(session, current)
    session.delete(key)
    audit.record(session, origin, "api_key.revoked", user.id, api_key_id=str(key.id))
    security_news.tell(session, user, "api_key_revoked", origin)


def revoke_all_keys(session: Session, user: User, origin: Origin) -> int:
    """Ends every key of a locked account; returns how many there were. Its sessions are ended by the caller."""
    own = list_keys(session, user.id)
    for key in own:
        session.delete(key)
        audit.record(session, origin, "api_key.revoked", user.id, api_key_id=str(key.id))
    return len(own)


def _check(session: Session, user: User, wanted: NewKey) -> None:
    if foreign := sorted(set(wanted.scopes) - grantable(user.roles)):
        raise Invalid("scopes", f"may not have {', '.join(foreign)}: not yours to give to a program", "scope")
    if wanted.expires_at and wanted.expires_at <= datetime.now(UTC):
        raise Invalid("expires_at", "must be in the future")
    count = select(func.count()).select_from(ApiKey).where(ApiKey.user_id == user.id)
    if session.scalars(count).one() >= AT_MOST:
        raise TooManyApiKeys
