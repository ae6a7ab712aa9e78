"""Identifiers and clocks as Stripe writes them."""

import secrets
import string
import time

_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """Returns e.g. pi_ and 24 random letters and digits."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(length))}"


def now() -> int:
    """Unix time in whole seconds, the only resolution Stripe gives."""
    return int(time.time())
