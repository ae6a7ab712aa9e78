"""Sessions: a sign-in on a device, its chain of refresh tokens, and how it ends."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.identity import audit, revocations
from services.identity.access_tokens import TokenSigner
from services.identity.audit import Origin
from services.identity.models import RefreshToken, User, UserSession

# A refresh token unused for so long is void; a session ends after so long, however busy.
IDLE = timedelta(days=14)
ABSOLUTE = timedelta(days=60)


@dataclass(frozen=True)
class SignedIn:
    """What a client gets: an access token for five minutes, and the refresh token for the next one."""

    access_token: str
    refresh_token: str


def start_session(session: Session, signer: TokenSigner, user: User, origin: Origin) -> SignedIn:
    """A new session of an account whose row is locked: a role change then either sees it or was seen by it."""
    now = datetime.now(UTC)
    started = UserSession(
        id=uuid7(),
        user_id=user.id,
        sid=uuid7(),
        user_agent=origin.user_agent,
        ip=origin.ip,
        created_at=now,
        last_seen_at=now,
        expires_at=now + ABSOLUTE,
    )
    session.add(started)
    session.flush()
    audit.record(session, origin.by(user.id, str(started.sid)), "session.started", user.id)
    return extend_chain(session, signer, user, started, parent=None)


def extend_chain(
    session: Session, signer: TokenSigner, user: User, current: UserSession, parent: RefreshToken | None
) -> SignedIn:
    """The next pair of tokens of a session whose row is locked or new."""
    now = datetime.now(UTC)
    token = secrets.token_urlsafe(32)
    session.add(
        RefreshToken(
            id=uuid7(),
            token_hash=hash_token(token),
            session_id=current.id,
            parent_id=parent.id if parent else None,
            created_at=now,
            expires_at=min(now + IDLE, current.expires_at),
        )
    )
    current.last_seen_at = now
    return SignedIn(signer.sign(user.id, current.sid, user.roles, current.impersonator_id), token)


def sign_out(session: Session, origin: Origin) -> None:
    """Ends the session that the caller's token belongs to, at once and everywhere. Ended before: nothing to do."""
    own = select(UserSession).where(UserSession.sid == _uuid(origin.session_id), UserSession.user_id == origin.user_id)
    current = session.scalars(own.with_for_update()).one_or_none()
    if current and current.revoked_at is None:
        audit.record(session, origin, "session.ended", origin.user_id)
        end_session(session, current)


def end_session(session: Session, locked: UserSession) -> None:
    """Ends a session whose row is locked: its refresh tokens by the mark, its access tokens by the feed."""
    locked.revoked_at = datetime.now(UTC)
    revocations.revoke_sid(session, locked.sid)


def end_all_sessions(session: Session, user_id: UUID) -> int:
    """Ends every live session of an account whose row is locked, and those it holds in other people's names. Returns
    how many of its own there were."""
    end_impersonations(session, user_id)
    live = session.scalars(_live(user_id)).all()
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


def hash_token(token: str) -> bytes:
    """How a refresh token is stored. It has 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def _live(user_id: UUID) -> Select[UserSession]:
    # By id, so that two transactions lock them in the same order.
    live = select(UserSession).where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
    return live.order_by(UserSession.id).with_for_update()


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
