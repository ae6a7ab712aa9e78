"""What was ended before its time: written here, pulled by every service each second (shared/revocations.py)."""

import time
from collections.abc import Sequence

from sqlalchemy import Row, and_, exists, insert, or_, select, update
from sqlalchemy.orm import Session

from services.identity.access_tokens import LIFETIME_SECONDS
from services.identity.models import Revocation, RevocationCounter
from shared.database import Database
from shared.tokens import LEEWAY_SECONDS, Claims

# As long as any token it concerns may be accepted, and half a minute for clocks that differ.
KEPT_SECONDS = LIFETIME_SECONDS + LEEWAY_SECONDS + 30


def revoke_sid(session: Session, sid: object) -> None:
    """Ends every access token that carries this sid.

    Sessions are ended by their sids and never by `user_before`: a token's `iat` has whole seconds, so a sign-in in
    the second of a role change could not be told from the tokens that the change ends. A new session's sid is new.
    """
    # The counter's row stays locked until the commit, so that seq order is commit order and no reader skips an entry.
    next_seq = update(RevocationCounter).values(last_seq=RevocationCounter.last_seq + 1)
    seq = session.scalars(next_seq.returning(RevocationCounter.last_seq)).one()
    expires_at = int(time.time()) + KEPT_SECONDS
    session.execute(insert(Revocation).values(seq=seq, kind="sid", value=str(sid), expires_at=expires_at))


def list_revocations(session: Session, after: int) -> tuple[Sequence[Row[int, str, str, int, int]], int]:
    """The entries after a seq that can still matter, in commit order, and the seq to ask after next time."""
    # The counter first: an entry committed in between is delivered twice, the other way round it would be skipped.
    last_seq = session.scalars(select(RevocationCounter.last_seq)).one()
    columns = (Revocation.seq, Revocation.kind, Revocation.value, Revocation.before, Revocation.expires_at)
    recent = select(*columns).where(Revocation.seq > after, Revocation.expires_at > int(time.time()))
    return session.execute(recent.order_by(Revocation.seq)).all(), last_seq


class OwnRevocations:
    """Identity's own RevocationSource: it looks into the table on each request, so that a logout is in force on every
    replica with its commit, and no pull from itself has to succeed before the first request."""

    in_memory = False

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self) -> None:
        """Nothing runs in the background."""

    def stop(self) -> None:
        """Nothing runs in the background."""

    def is_loaded(self) -> bool:
        """Always: there is nothing to load."""
        return True

    def is_fresh(self) -> bool:
        """Always: the answer comes from the table; without a database there is a 503 instead."""
        return True

    def is_revoked(self, claims: Claims) -> bool:
        """True when the token was ended before its time."""
        by_user = and_(
            Revocation.kind == "user_before",
            Revocation.value == str(claims.user_id),
            Revocation.before >= claims.issued_at,
        )
        by_session = and_(Revocation.kind == "sid", Revocation.value == claims.session_id)
        by_token = and_(Revocation.kind == "jti", Revocation.value == claims.token_id)
        with self._database.begin() as session:
            return bool(session.scalar(select(exists().where(or_(by_session, by_token, by_user)))))
