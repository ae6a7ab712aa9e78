"""Slows guessing down: after some failures each further one doubles the wait. Nobody is locked out.

Counted per account, so that a thousand addresses guess no faster than one, and per network address, so that one address
does not try every account. A device from which the account was signed in before is counted by itself alone: others'
guesses do not keep the owner waiting. Counted in Postgres, so for all replicas together. An account that does not exist
counts as well: the answers must not tell who has one.

The account counts before the password is compared, so that parallel guesses do not slip through; the network only when
it was wrong, so that a class that signs in at once does not queue for its row.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from services.identity.emails import EmailAddress
from services.identity.models import SignInThrottle
from shared.errors import Problem
from shared.prepared import hot
from shared.transactions import later

FIRST_WAIT = timedelta(seconds=1)
FORGOTTEN_AFTER = timedelta(hours=24)
# One statement: it waits for who counts at the same moment, and sees what they counted.
COUNT = hot(
    text("""
    INSERT INTO sign_in_throttles AS old (address_hash, failures, last_attempt_at)
    SELECT CAST(:key AS bytea), 1, CAST(:now AS timestamptz)
    WHERE NOT EXISTS (SELECT FROM sign_in_throttles WHERE address_hash = :network AND blocked_until > :now)
    ON CONFLICT (address_hash) DO UPDATE SET (failures, last_attempt_at, blocked_until) = (
        SELECT failures, :now, :now + waits[least(failures, cardinality(waits))]
        FROM (SELECT CASE WHEN old.last_attempt_at < :long_ago THEN 1 ELSE old.failures + 1 END) AS new(failures),
            CAST(:waits AS interval[]) AS waits
    )
    WHERE old.blocked_until IS NULL OR old.blocked_until <= :now
    RETURNING true
""")
)
FORGIVE = later(hot(text("DELETE FROM sign_in_throttles WHERE address_hash = :key")))


@dataclass(frozen=True)
class Policy:
    """Whose failures are counted together, how many are free, and the longest wait after one."""

    free_failures: int
    longest_wait: timedelta


# With it an attacker has at most 18 guesses in the first hour and four in each further one.
BY_OWNER = Policy(free_failures=5, longest_wait=timedelta(minutes=15))
# Whole classes sit behind one address.
BY_NETWORK = Policy(free_failures=100, longest_wait=timedelta(minutes=1))


@dataclass(frozen=True)
class Guesser:
    """One counter: `key` is hashed because people mistype passwords into the address field."""

    key: str
    policy: Policy

    @property
    def key_hash(self) -> bytes:
        """The key of the counter's row."""
        return hashlib.sha256(self.key.encode()).digest()


class TooManyAttempts(Problem):
    status, slug, title = 429, "too-many-attempts", "Too many failed sign-ins"

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, math.ceil(wait.total_seconds()))
        super().__init__(
            f"Wait {seconds} seconds, then try again.",
            headers={"Retry-After": str(seconds)},
        )


def strangers_guess(email: EmailAddress) -> Guesser:
    """Who is counted when the device is not known: the account, for all the world."""
    return Guesser(email.normalized, BY_OWNER)


def known_guess(kind: str, id: UUID) -> Guesser:
    """Who is counted when a stranger cannot be there: one known device, one half-finished sign-in, one session."""
    return Guesser(f"{kind} {id}", BY_OWNER)


def network_guess(network: str) -> Guesser:
    """Who is counted beside an account: everybody at one network address."""
    return Guesser(f"network {network}", BY_NETWORK)


def key_guess(network: str) -> Guesser:
    """Who is counted for a wrong API key: the network address."""
    return Guesser(f"keys from {network}", BY_NETWORK)


def charge_attempt(session: Session, guesser: Guesser, network: Guesser | None = None) -> None:
    """Counts an attempt as failed until `forgive` says otherwise. Raises TooManyAttempts during a wait, the guesser's
    or that of the network it comes from."""
    if _count(session, guesser, network):
        return
    keys = [one.key_hash for one in (guesser, network) if one]
    latest = select(func.max(SignInThrottle.blocked_until)).where(SignInThrottle.key_hash.in_(keys))
    # Without one somebody else was right in this moment.
    blocked_until = session.scalars(latest).one() or datetime.now(UTC)
    raise TooManyAttempts(blocked_until - datetime.now(UTC))


def charge_network(session: Session, network: Guesser) -> None:
    """Counts an attempt that was wrong; not while the network waits already."""
    _count(session, network)


def forgive(session: Session, guesser: Guesser) -> None:
    """The attempt was right."""
    session.execute(FORGIVE, {"key": guesser.key_hash})


def wait_after(failures: int, policy: Policy = BY_OWNER) -> timedelta:
    """How long no further attempt is looked at: nothing before the last free failure, then 1 s, 2 s, 4 s ..."""
    if failures < policy.free_failures:
        return timedelta(0)
    doubled: timedelta = FIRST_WAIT * 2 ** min(failures - policy.free_failures, 20)
    return min(doubled, policy.longest_wait)


def hash_address(email: EmailAddress) -> bytes:
    """The hash under which an account is counted."""
    return strangers_guess(email).key_hash


def _count(session: Session, guesser: Guesser, network: Guesser | None = None) -> bool:
    now = datetime.now(UTC)
    told: dict[str, object] = {"key": guesser.key_hash, "network": network.key_hash if network else None}
    told |= {"waits": _waits(guesser.policy), "now": now, "long_ago": now - FORGOTTEN_AFTER}
    return session.execute(COUNT, told).first() is not None


@cache
def _waits(policy: Policy) -> list[timedelta | None]:
    """After the first failure, the second, ..., up to the first of the longest waits; None for no wait."""
    waits = [wait_after(1, policy)]
    while waits[-1] < policy.longest_wait:
        waits.append(wait_after(len(waits) + 1, policy))
    return [wait or None for wait in waits]
