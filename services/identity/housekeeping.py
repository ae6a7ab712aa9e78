"""Deletes what can no longer matter. Safe to repeat."""

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, or_

from services.identity import throttle
from services.identity.api_keys.models import ApiKey
from services.identity.credentials import devices
from services.identity.credentials.models import KnownDevice, MailLink
from services.identity.factors.models import Ticket
from services.identity.models import RefreshToken, Revocation, SignInThrottle, UserSession
from shared.database import Database

# Ended sessions and expired keys stay visible for so long, for "was that me?".
ENDED_SESSIONS_KEPT = timedelta(days=35)


def clean_up(database: Database) -> None:
    """Expired revocations, refresh tokens, links and keys, old sessions, forgotten devices and failures."""
    now = datetime.now(UTC)
    long_ago = now - ENDED_SESSIONS_KEPT
    ended = or_(UserSession.revoked_at < long_ago, UserSession.expires_at < long_ago)
    for statement in (
        delete(Revocation).where(Revocation.expires_at < int(time.time())),
        # Spent tokens stay until they expire: presented again before that, they betray a thief.
        delete(RefreshToken).where(RefreshToken.expires_at < now),
        delete(UserSession).where(ended),
        delete(ApiKey).where(ApiKey.expires_at < long_ago),
        delete(MailLink).where(MailLink.expires_at < now),
        delete(Ticket).where(Ticket.expires_at < now),
        delete(KnownDevice).where(KnownDevice.last_used_at < now - devices.FORGOTTEN_AFTER),
        delete(SignInThrottle).where(SignInThrottle.last_attempt_at < now - throttle.FORGOTTEN_AFTER),
    ):
        with database.begin() as session:
            session.execute(statement)
