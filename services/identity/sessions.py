"""Sessions: a sign-in on a device, its chain of refresh tokens, and how it ends."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, and_, insert, or_, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from services.identity import revocations, secret_tokens
from services.identity.access_tokens import TokenSigner
from services.identity.audit import Origin
from services.identity.authentications import Authentication
from services.identity.models import RefreshToken, User, UserSession
from shared import audit
from shared.prepared import hot
from shared.transactions import later

# A refresh token unused for so long is void; a session ends after so long, however busy.
IDLE = timedelta(days=14)
ABSOLUTE = timedelta(days=60)
ADD_SESSION = later(hot(insert(UserSession).inline()))
ADD_TOKEN = later(hot(insert(RefreshToken).inline()))


@dataclass(frozen=True)
class SignedIn:
    """What a client gets: an access token for five minutes, the refresh token for the next one, and after a sign-in the
    token that makes its device a known one."""

    access_token: str
    refresh_token: str
    device_token: str | None = None


def start_session(
    session: Session,
    signer: TokenSigner,
    user: User,
    origin: Origin,
    authentication: Authentication,
    device_token: str | None = None,
) -> SignedIn:
    """A new session of an account whose row is locked: a role change then either sees it or was seen by it."""
    started = open_session(session, user.id, origin, ABSOLUTE, authentication)
    audit.record(session, origin.by(user.id, str(started.sid)), "session.started", user.id)
    return replace(extend_chain(session, signer, user, started, parent=None), device_token=device_token)


def open_session(
    session: Session,
    user_id: UUID,
    origin: Origin,
    lifetime: timedelta,
    authentication: Authentication,
    impersonator_id: UUID | None = None,
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
        "authenticated_at": authentication.at,
        "factors": list(authentication.factors),
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


def find_session(session: Session, sid: str, lock: bool = False) -> UserSession | None:
    """The session whose access tokens carry this sid, ended or not."""
    try:
        by_sid = select(UserSession).where(UserSession.sid == UUID(sid))
    except ValueError:
        return None
    return session.scalars(by_sid.with_for_update() if lock else by_sid).one_or_none()


def end_session(session: Session, locked: UserSession) -> None:
    """Ends a session whose row is locked: its refresh tokens by the mark, its access tokens by the feed."""
    locked.revoked_at = datetime.now(UTC)
    revocations.revoke_sid(session, locked.sid)


def end_all_sessions(session: Session, user_id: UUID, kept: UUID | None = None) -> int:
    """Ends every live session of an account whose row is locked, and those it holds in other people's names. Returns
    how many of its own there were. `kept` is the id of one that goes on."""
    end_impersonations(session, user_id)
    live = session.scalars(live_sessions(user_id).where(UserSession.id.is_distinct_from(kept))).all()
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
    live = session.scalars(live_sessions(user_id)).all()
    for current in live:
        revocations.revoke_sid(session, current.sid)
        current.sid = uuid7()
    return len(live)


def live_sessions(user_id: UUID) -> Select[UserSession]:
    """Locks the sessions of an account that have not been ended."""
    # By id, so that two transactions lock them in the same order.
    live = select(UserSession).where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
    return live.order_by(UserSession.id).with_for_update()
