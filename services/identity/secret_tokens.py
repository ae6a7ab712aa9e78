"""Opaque secrets that we hand out: refresh tokens, links, tickets, devices. Only their hashes are stored."""

import hashlib
import secrets


def new_token() -> str:
    """256 random bits, safe in addresses and cookies."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """How a secret is stored. It has 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()
