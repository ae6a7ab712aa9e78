"""Password hashes: argon2id with OWASP's parameters, bounded in memory.

https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html: 46 MiB, one pass, one lane.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.slots import Slot, require_slot

MEMORY_KIB = 46 * 1024
# 184 MiB at most in a process, whatever arrives. As many wait as are done in two seconds; more of one address than the
# gateway lets in at once (GATEWAY_AUTH_BURST), so that a classroom can sign in together.
HASHING = Slot("password hashes", size=4, queue=96, share=34)

_argon2 = PasswordHasher(time_cost=1, memory_cost=MEMORY_KIB, parallelism=1)


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
    """Where a password may be hashed. Raises RuntimeError in a request whose route does not take a HASHING slot."""
    require_slot(HASHING)
    yield Hasher()


@cache
def _nobodys_hash() -> str:
    return _argon2.hash(secrets.token_urlsafe(32))
