"""Slows guessing down, per address: after five failures each further one doubles the wait. Nobody is locked out.

Counted in Postgres, so for all replicas together, and before the password is compared, so that parallel guesses do
not slip through. An address that nobody has counts as well: the answers must not tell who has an account.
"""

import hashlib
import math
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.identity.emails import EmailAddress
from services.identity.models import SignInThrottle
from shared.errors import Problem

FREE_FAILURES = 5
FIRST_WAIT = timedelta(seconds=1)
# With it an attacker has at most 18 guesses in the first hour and four in each further one.
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=24)


class TooManyAttempts(Problem):
    status, slug, title = 429, "too-many-attempts", "Too many failed sign-ins"

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, math.ceil(wait.total_seconds()))
        super().__init__(
            f"Wait {seconds} seconds, then try again with the right password.",
            headers={"Retry-After": str(seconds)},
        )


def charge_attempt(session: Session, email: EmailAddress) -> None:
    """Counts a sign-in as failed until `forget_failures` says otherwise. Raises TooManyAttempts during a wait."""
    statement = insert(SignInThrottle).values(address_hash=hash_address(email))
    # A change of nothing: it locks the row, and finds it or makes it even while a right password deletes it.
    locked = statement.on_conflict_do_update(
        index_elements=[SignInThrottle.address_hash], set_={"failures": SignInThrottle.failures}
    )
    row = session.scalars(locked.returning(SignInThrottle)).one()
    now = datetime.now(UTC)
    if row.blocked_until and row.blocked_until > now:
        raise TooManyAttempts(row.blocked_until - now)
    if now - row.last_attempt_at > FORGOTTEN_AFTER:
        row.failures = 0
    row.failures += 1
    row.last_attempt_at = now
    row.blocked_until = now + wait_after(row.failures)


def forget_failures(session: Session, email: EmailAddress) -> None:
    """The right password was given."""
    session.execute(delete(SignInThrottle).where(SignInThrottle.address_hash == hash_address(email)))


def wait_after(failures: int) -> timedelta:
    """How long no further attempt is looked at: nothing before the fifth failure, then 1 s, 2 s, 4 s ... 15 min."""
    if failures < FREE_FAILURES:
        return timedelta(0)
    doubled: timedelta = FIRST_WAIT * 2 ** min(failures - FREE_FAILURES, 20)
    return min(doubled, LONGEST_WAIT)


def hash_address(email: EmailAddress) -> bytes:
    """The key of an address's row."""
    return hashlib.sha256(email.normalized.encode()).digest()
