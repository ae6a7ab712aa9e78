"""Refresh token rotation with reuse detection (RFC 9700, section 4.14.2).

Each refresh token is spent once. Who presents a spent one either lost the answer to a refresh a moment ago, or
one of two holders is a thief: then the session ends for both.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.identity import secret_tokens, security_news, sessions
from services.identity.access_tokens import TokenSigner
from services.identity.audit import Origin
from services.identity.models import RefreshToken, User, UserSession
from services.identity.sessions import SignedIn
from shared import audit, failpoints
from shared.database import Database
from shared.errors import Unauthorized

# A client whose answer got lost, or two tabs at once, may repeat the refresh for so long.
REPEAT_WINDOW = timedelta(seconds=10)


class RefreshRefused(Unauthorized):
    slug, title = "refresh-token-invalid", "The refresh token is not valid"

    def __init__(self) -> None:
        super().__init__("It is unknown, expired, spent, or its session has ended. Sign in again.")


def refresh(database: Database, signer: TokenSigner, token: str, origin: Origin) -> SignedIn:
    """The next pair of tokens. Raises RefreshRefused, with the same words for every cause.

    Takes the database and not a session: what a refused token ended must stay ended, so the refusal comes after
    the commit.
    """
    with database.begin() as session:
        signed_in = _rotate(session, signer, token, origin)
    if signed_in is None:
        raise RefreshRefused
    failpoints.reach("refresh-before-reply")
    return signed_in


def _rotate(session: Session, signer: TokenSigner, token: str, origin: Origin) -> SignedIn | None:
    by_hash = select(RefreshToken.id, RefreshToken.session_id).where(
        RefreshToken.token_hash == secret_tokens.hash_token(token)
    )
    known = session.execute(by_hash).one_or_none()
    if known is None:
        return None
    # Refresh, logout, suspension and reuse all lock this row; what is read after it cannot change under us.
    current = session.get(UserSession, known.session_id, with_for_update=True)
    presented = session.get(RefreshToken, known.id)
    now = datetime.now(UTC)
    if (
        current is None
        or presented is None
        or current.revoked_at
        or min(current.expires_at, presented.expires_at) <= now
    ):
        return None
    user = session.get_one(User, current.user_id)
    if user.status != "active":
        return None
    if presented.used_at is None:
        presented.used_at = now
    elif not _replace_child(session, presented, now):
        audit.record(session, origin.by(user.id, str(current.sid)), "refresh_token.reused", user.id)
        sessions.end_session(session, current)
        security_news.tell(session, user, "refresh_token_reused", origin)
        return None
    current.last_seen_at = now
    return sessions.extend_chain(session, signer, user, current, parent=presented)


def _replace_child(session: Session, parent: RefreshToken, now: datetime) -> bool:
    """Voids the one unspent child of a token that was spent just now. False when the repeat is not an honest one."""
    if parent.used_at is None or now - parent.used_at > REPEAT_WINDOW:
        return False
    unspent = select(RefreshToken).where(RefreshToken.parent_id == parent.id, RefreshToken.used_at.is_(None))
    child = session.scalars(unspent).one_or_none()
    if child is None:
        return False
    child.used_at = child.replaced_at = now
    return True
