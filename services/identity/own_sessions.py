"""What people see of their sessions, and how they end them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from services.identity import security_news, sessions, users, ways_in
from services.identity.api_keys import keys
from services.identity.api_keys.models import ApiKey
from services.identity.audit import Origin
from services.identity.models import UserSession
from services.identity.security_news import Change
from services.identity.user_agents import device_name
from services.identity.ways_in import Remaining
from shared import audit
from shared.errors import NotFound
from shared.networks import place_of


class SessionNotFound(NotFound):
    slug, title = "session-not-found", "There is no such session"
    detail = "It has ended, or is not yours; GET /api/v1/auth/sessions lists yours."


def sign_out(session: Session, origin: Origin) -> None:
    """Ends the session that the caller's token belongs to, at once and everywhere. Ended before: nothing to do."""
    current = sessions.find_session(session, str(origin.session_id), lock=True)
    if current and current.user_id == origin.user_id and current.revoked_at is None:
        audit.record(session, origin, "session.ended", origin.user_id)
        sessions.end_session(session, current)


def sign_out_everywhere(session: Session, origin: Origin, keep_current: bool) -> tuple[int, Remaining]:
    """Ends the caller's API keys and sessions, all or all but the calling one; the owner is told by mail. Returns how
    many keys there were, and what still opens the account."""
    assert origin.user_id
    # First, as whoever makes or exchanges a key locks it.
    user = users.lock_user(session, origin.user_id)
    kept = origin.session_id if keep_current else None
    ended = [one for one in session.scalars(sessions.live_sessions(user.id)).all() if str(one.sid) != kept]
    for current in ended:
        audit.record(session, origin, "session.ended", user.id, session_id=str(current.id))
        sessions.end_session(session, current)
    revoked = keys.revoke_all_keys(session, user, origin)
    remaining = ways_in.list_remaining(session, user.id)
    if ended or revoked:
        change: Change = "signed_out_elsewhere" if keep_current else "signed_out_everywhere"
        security_news.tell(session, user, change, origin, remaining)
    return revoked, remaining


def sign_out_device(session: Session, session_id: UUID, origin: Origin) -> None:
    """Ends one of the caller's sessions. Raises SessionNotFound, for other people's and ended ones too."""
    assert origin.user_id
    own = sessions.live_sessions(origin.user_id).where(UserSession.id == session_id)
    current = session.scalars(own).one_or_none()
    if current is None:
        raise SessionNotFound
    audit.record(session, origin, "session.ended", origin.user_id, session_id=str(current.id))
    sessions.end_session(session, current)


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
        if current.last_seen_at > now - sessions.IDLE
    ]
