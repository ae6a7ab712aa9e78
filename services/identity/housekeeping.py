"""Deletes what can no longer matter. Safe to repeat."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import or_

from services.identity import throttle
from services.identity.api_keys.models import ApiKey
from services.identity.credentials import devices
from services.identity.credentials.models import KnownDevice, MailLink
from services.identity.factors.models import Ticket
from services.identity.models import RefreshToken, Revocation, SignInThrottle, UserSession
from shared.database import Database
from shared.sweeping import delete_rows

# Ended sessions and expired keys stay visible for so long, for "was that me?".
ENDED_SESSIONS_KEPT = timedelta(days=35)


def clean_up(database: Database) -> Iterator[None]:
    """Expired revocations, refresh tokens, links and keys, old sessions, forgotten devices and failures."""
    now = datetime.now(UTC)
    long_ago = now - ENDED_SESSIONS_KEPT
    ended = or_(UserSession.revoked_at < long_ago, UserSession.expires_at < long_ago)
    return delete_rows(
        database,
        (Revocation, Revocation.expires_at < int(time.time())),
        # Spent tokens stay until they expire: presented again before that, they betray a thief.
        (RefreshToken, RefreshToken.expires_at < now),
        (UserSession, ended),
        (ApiKey, ApiKey.expires_at < long_ago),
        (MailLink, MailLink.expires_at < now),
        (Ticket, Ticket.expires_at < now),
        (KnownDevice, KnownDevice.last_used_at < now - devices.FORGOTTEN_AFTER),
        (SignInThrottle, SignInThrottle.last_attempt_at < now - throttle.FORGOTTEN_AFTER),
    )
