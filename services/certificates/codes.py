"""Certificate codes: unguessable, and fit to be read aloud and typed.

28 signs of Crockford's base 32 (https://www.crockford.com/base32.html), 140 random bits, shown in groups of four.
"""

import secrets

from shared.codes import without_dashes

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # pragma: allowlist secret, an alphabet
LENGTH = 28
GROUP = 4
# What people type for what they read.
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})


def new_code() -> str:
    """A fresh code as it is stored: upper case, without dashes."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def show_code(code: str) -> str:
    """The stored code in its readable form, `7K3M-9QTV-...`."""
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def read_code(text: str) -> str | None:
    """The stored form of a code as typed: any case, dashes or blanks anywhere or nowhere. None for anything else."""
    code = without_dashes(text).upper().translate(_READ_AS)
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None
