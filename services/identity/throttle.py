"""Slows guessing down: after some failures each further one doubles the wait. Nobody is locked out.

Counted per account, so that a thousand addresses guess no faster than one, and per network address, so that one address
does not try every account. A device from which the account was signed in before is counted by itself alone: others'
guesses do not keep the owner waiting. Counted in Postgres, so for all replicas together, and before the password is
compared, so that parallel guesses do not slip through. An account that does not exist counts as well: the answers must
not tell who has one.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.identity.emails import EmailAddress
from services.identity.models import SignInThrottle
from shared.errors import Problem

FIRST_WAIT = timedelta(seconds=1)
FORGOTTEN_AFTER = timedelta(hours=24)


@dataclass(frozen=True)
class Policy:
    """Whose failures are counted together, how many are free, and the longest wait after one."""

    free_failures: int
    longest_wait: timedelta
    # A right password proves that the owner is there; it says nothing about the rest of a school's network.
    forgiven_by_success: bool = True


# With it an attacker has at most 18 guesses in the first hour and four in each further one.
BY_OWNER = Policy(free_failures=5, longest_wait=timedelta(minutes=15))
# Whole classes sit behind one address.
BY_NETWORK = Policy(free_failures=100, longest_wait=timedelta(minutes=1), forgiven_by_success=False)


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


def strangers_guess(email: EmailAddress, network: str) -> list[Guesser]:
    """Who is counted when the device is not known: the account for all the world, and the network address."""
    account = Guesser(email.normalized, BY_OWNER)
    return [account, Guesser(f"network {network}", BY_NETWORK)] if network else [account]


def known_guess(kind: str, id: UUID) -> list[Guesser]:
    """Who is counted when a stranger cannot be there: one known device, one half-finished sign-in, one session."""
    return [Guesser(f"{kind} {id}", BY_OWNER)]


def key_guess(network: str) -> list[Guesser]:
    """Who is counted for a wrong API key: the network address."""
    return [Guesser(f"keys from {network}", BY_NETWORK)]


def charge_attempt(session: Session, guessers: Sequence[Guesser]) -> None:
    """Counts an attempt as failed until `forgive` says otherwise. Raises TooManyAttempts during a wait."""
    # Always in this order, so that two attempts do not wait for each other's second row.
    for guesser in sorted(guessers, key=lambda guesser: guesser.key_hash):
        _charge(session, guesser)


def forgive(session: Session, guessers: Sequence[Guesser]) -> None:
    """The attempt was right."""
    for guesser in sorted(guessers, key=lambda guesser: guesser.key_hash):
        own = SignInThrottle.key_hash == guesser.key_hash
        if guesser.policy.forgiven_by_success:
            session.execute(delete(SignInThrottle).where(own))
        else:
            fewer = func.greatest(SignInThrottle.failures - 1, 0)
            session.execute(update(SignInThrottle).where(own).values(failures=fewer, blocked_until=None))


def wait_after(failures: int, policy: Policy = BY_OWNER) -> timedelta:
    """How long no further attempt is looked at: nothing before the last free failure, then 1 s, 2 s, 4 s ..."""
    if failures < policy.free_failures:
        return timedelta(0)
    doubled: timedelta = FIRST_WAIT * 2 ** min(failures - policy.free_failures, 20)
    return min(doubled, policy.longest_wait)


def hash_address(email: EmailAddress) -> bytes:
    """The hash under which an account is counted."""
    return Guesser(email.normalized, BY_OWNER).key_hash


def _charge(session: Session, guesser: Guesser) -> None:
    statement = insert(SignInThrottle).values(key_hash=guesser.key_hash)
    # A change of nothing: it locks the row, and finds it or makes it even while a right password deletes it.
    locked = statement.on_conflict_do_update(
        index_elements=[SignInThrottle.key_hash], set_={"failures": SignInThrottle.failures}
    )
    row = session.scalars(locked.returning(SignInThrottle)).one()
    now = datetime.now(UTC)
    if row.blocked_until and row.blocked_until > now:
        raise TooManyAttempts(row.blocked_until - now)
    if now - row.last_attempt_at > FORGOTTEN_AFTER:
        row.failures = 0
    row.failures += 1
    row.last_attempt_at = now
    row.blocked_until = now + wait_after(row.failures, guesser.policy)
