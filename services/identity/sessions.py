"""Sessions: a sign-in on a device, its chain of refresh tokens, and how it ends."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, exists, insert, or_, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.identity import revocations, secret_tokens
from services.identity.access_tokens import TokenSigner
from services.identity.api_keys.models import ApiKey
from services.identity.audit import Origin
from services.identity.models import RefreshToken, User, UserSession
from services.identity.user_agents import device_name
from shared import audit
from shared.errors import NotFound
from shared.networks import place_of
from shared.prepared import hot
from shared.transactions import later

# A refresh token unused for so long is void; a session ends after so long, however busy.
IDLE = timedelta(days=14)
ABSOLUTE = timedelta(days=60)
ADD_SESSION = later(hot(insert(UserSession).inline()))
ADD_TOKEN = later(hot(insert(RefreshToken).inline()))


class SessionNotFound(NotFound):
    slug, title = "session-not-found", "There is no such session"
    detail = "It has ended, or is not yours; GET /api/v1/auth/sessions lists yours."


@dataclass(frozen=True)
class SignedIn:
    """What a client gets: an access token for five minutes, the refresh token for the next one, and after a sign-in the
    token that makes its device a known one."""

    access_token: str
    refresh_token: str
    device_token: str | None = None


def start_session(
    session: Session, signer: TokenSigner, user: User, origin: Origin, device_token: str | None = None
) -> SignedIn:
    """A new session of an account whose row is locked: a role change then either sees it or was seen by it."""
    started = open_session(session, user.id, origin, ABSOLUTE)
    audit.record(session, origin.by(user.id, str(started.sid)), "session.started", user.id)
    return replace(extend_chain(session, signer, user, started, parent=None), device_token=device_token)


def open_session(
    session: Session, user_id: UUID, origin: Origin, lifetime: timedelta, impersonator_id: UUID | None = None
) -> UserSession:
    """A new session, which has no token yet; its row is on its way. The account is locked."""
    now = datetime.now(UTC)
    row = {
        "id": uuid7(),
        "user_id": user_id,
        "sid": uuid7(),
        "impersonator_id": impersonator_id,
        "user_agent": origin.user_agent,
        "ip": origin.ip,
        "created_at": now,
        "last_seen_at": now,
        "expires_at": now + lifetime,
    }
    session.execute(ADD_SESSION, row)
    return UserSession(**row)


def extend_chain(
    session: Session, signer: TokenSigner, user: User, current: UserSession, parent: RefreshToken | None
) -> SignedIn:
    """The next pair of tokens of a session whose row is locked or new."""
    now = datetime.now(UTC)
    token = secret_tokens.new_token()
    link = {
        "id": uuid7(),
        "token_hash": secret_tokens.hash_token(token),
        "session_id": current.id,
        "parent_id": parent.id if parent else None,
        "created_at": now,
        "expires_at": min(now + IDLE, current.expires_at),
    }
    session.execute(ADD_TOKEN, link)
    return SignedIn(signer.sign(user.id, current.sid, user.roles, current.impersonator_id), token)


def sign_out(session: Session, origin: Origin) -> None:
    """Ends the session that the caller's token belongs to, at once and everywhere. Ended before: nothing to do."""
    own = select(UserSession).where(UserSession.sid == _uuid(origin.session_id), UserSession.user_id == origin.user_id)
    current = session.scalars(own.with_for_update()).one_or_none()
    if current and current.revoked_at is None:
        audit.record(session, origin, "session.ended", origin.user_id)
        end_session(session, current)


def sign_out_everywhere(session: Session, origin: Origin, keep_current: bool) -> None:
    """Ends the caller's sessions, all or all but the calling one."""
    assert origin.user_id
    kept = origin.session_id if keep_current else None
    for current in session.scalars(_live(origin.user_id)).all():
        if str(current.sid) != kept:
            audit.record(session, origin, "session.ended", origin.user_id, session_id=str(current.id))
            end_session(session, current)


def sign_out_device(session: Session, session_id: UUID, origin: Origin) -> None:
    """Ends one of the caller's sessions. Raises SessionNotFound, for other people's and ended ones too."""
    assert origin.user_id
    current = session.scalars(_live(origin.user_id).where(UserSession.id == session_id)).one_or_none()
    if current is None:
        raise SessionNotFound
    audit.record(session, origin, "session.ended", origin.user_id, session_id=str(current.id))
    end_session(session, current)


def list_sessions(session: Session, user_id: UUID, sid: str) -> list[dict[str, Any]]:
    """A person's live sessions, the latest used first; `sid` tells which one asks. Those of API keys are not theirs."""
    now = datetime.now(UTC)
    live = select(UserSession).where(
        UserSession.user_id == user_id,
        UserSession.revoked_at.is_(None),
        UserSession.expires_at > now,
        ~exists().where(ApiKey.session_id == UserSession.id),
    )
    return [
        {
            "id": current.id,
            "device": device_name(current.user_agent),
            "place": place_of(current.ip),
            "created_at": current.created_at,
            "last_seen_at": current.last_seen_at,
            "expires_at": current.expires_at,
            "current": str(current.sid) == sid,
            "by_administrator": current.impersonator_id is not None,
        }
        for current in session.scalars(live.order_by(UserSession.last_seen_at.desc()))
        if current.last_seen_at > now - IDLE
    ]


def end_session(session: Session, locked: UserSession) -> None:
    """Ends a session whose row is locked: its refresh tokens by the mark, its access tokens by the feed."""
    locked.revoked_at = datetime.now(UTC)
    revocations.revoke_sid(session, locked.sid)


def end_all_sessions(session: Session, user_id: UUID, kept: UUID | None = None) -> int:
    """Ends every live session of an account whose row is locked, and those it holds in other people's names. Returns
    how many of its own there were. `kept` is the id of one that goes on."""
    end_impersonations(session, user_id)
    live = session.scalars(_live(user_id).where(UserSession.id.is_distinct_from(kept))).all()
    for current in live:
        end_session(session, current)
    return len(live)


def end_impersonations(session: Session, user_id: UUID) -> None:
    """Ends what an account whose row is locked does in other people's names, and others in its name."""
    by_others = and_(UserSession.user_id == user_id, UserSession.impersonator_id.is_not(None))
    either = select(UserSession).where(or_(UserSession.impersonator_id == user_id, by_others))
    live = either.where(UserSession.revoked_at.is_(None)).order_by(UserSession.id)
    for current in session.scalars(live.with_for_update()).all():
        end_session(session, current)


def renew_sids(session: Session, user_id: UUID) -> int:
    """Voids the access tokens of an account whose row is locked, but not its sessions: the next refresh brings a token
    with the present roles. Returns how many sessions there were."""
    live = session.scalars(_live(user_id)).all()
    for current in live:
        revocations.revoke_sid(session, current.sid)
        current.sid = uuid7()
    return len(live)


def _live(user_id: UUID) -> Select[UserSession]:
    # By id, so that two transactions lock them in the same order.
    live = select(UserSession).where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
    return live.order_by(UserSession.id).with_for_update()


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
