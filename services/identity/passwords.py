"""Password hashes: argon2id with OWASP's parameters, bounded in memory.

https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html: 46 MiB, one pass, one lane.
"""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.errors import Unavailable

MEMORY_KIB = 46 * 1024
SLOTS = 4
SLOT_WAIT_SECONDS = 2.0

_argon2 = PasswordHasher(time_cost=1, memory_cost=MEMORY_KIB, parallelism=1)
_slots = threading.BoundedSemaphore(SLOTS)


class Hasher:
    """Hashes and compares; only to be had inside a slot."""

    def hash(self, password: str) -> str:
        """The password's hash, salt and parameters as one string."""
        return _argon2.hash(password)

    def matches(self, password: str, password_hash: str | None) -> bool:
        """True when the hash is of this password. None, for nobody's account, is False and takes as long."""
        try:
            _argon2.verify(password_hash or _nobodys_hash(), password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """True when it was made with other parameters than today's."""
        return _argon2.check_needs_rehash(password_hash)


@contextmanager
def hashing_slot() -> Iterator[Hasher]:
    """One of the four places in this process where a password may be hashed: 184 MiB at most, whatever arrives.

    Raises Unavailable after two seconds of waiting. Take it before a database connection, not after: who waits here
    must hold nothing that others need.
    """
    if not _slots.acquire(timeout=SLOT_WAIT_SECONDS):
        raise Unavailable("Too many people are signing in at this moment. Try again in a few seconds.")
    try:
        yield Hasher()
    finally:
        _slots.release()


@cache
def _nobodys_hash() -> str:
    return _argon2.hash(secrets.token_urlsafe(32))
