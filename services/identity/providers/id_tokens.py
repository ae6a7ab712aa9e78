"""Verifies ID tokens as https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation demands."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt

# By these alone, each with the hash of its at_hash. HMAC is not among them: its key would be our client secret, or
# whatever public text a forger chooses.
ALGORITHMS = {"RS256": hashlib.sha256, "ES256": hashlib.sha256, "EdDSA": hashlib.sha512}
REQUIRED_CLAIMS = ["iss", "aud", "sub", "iat", "exp", "nonce"]
FORBIDDEN_HEADERS = frozenset({"jku", "jwk", "x5u", "crit"})
MAX_TOKEN_BYTES = 16 * 1024
LEEWAY_SECONDS = 60
# It was made for the code that we have just redeemed, which no provider keeps for longer.
MAX_AGE_SECONDS = 600

FindKey = Callable[[str | None, str], jwt.PyJWK]


class NotProven(Exception):
    """What came back from a provider does not prove who somebody is. The reason is for the log."""


@dataclass(frozen=True)
class Expected:
    """What a token must be about."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str


def verify_id_token(token: str, find_key: FindKey, expected: Expected) -> dict[str, Any]:
    """The token's claims. `find_key` gets `kid` (None without one) and `alg`. Raises NotProven, whatever the bytes
    are."""
    if len(token) > MAX_TOKEN_BYTES:
        raise NotProven("too long")
    try:
        header = jwt.get_unverified_header(token)
        algorithm = _check_header(header)
        claims = jwt.decode(
            token,
            find_key(header.get("kid"), algorithm),
            algorithms=[algorithm],
            audience=expected.client_id,
            issuer=expected.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": REQUIRED_CLAIMS, "enforce_minimum_key_length": True},
        )
        _check_claims(claims, expected)
        _check_access_token(claims, algorithm, expected.access_token)
        return claims
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, RecursionError, AttributeError) as error:
        raise NotProven(str(error) or type(error).__name__) from error


def _check_header(header: dict[str, Any]) -> str:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise NotProven("not an algorithm of ours")
    if not isinstance(header.get("kid"), str | None):
        raise NotProven("the key id is no text")
    if FORBIDDEN_HEADERS & header.keys():
        raise NotProven("header names its own key")
    return algorithm


def _check_claims(claims: dict[str, Any], expected: Expected) -> None:
    if not hmac.compare_digest(str(claims["nonce"]).encode(), expected.nonce.encode()):
        raise NotProven("made for another sign-in")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != expected.client_id:
        raise NotProven("made for another client")
    if not 0 < len(claims["sub"]) <= 255:
        raise NotProven("no usable subject")
    if claims["iat"] < time.time() - MAX_AGE_SECONDS:
        raise NotProven("made long ago")


def _check_access_token(claims: dict[str, Any], algorithm: str, access_token: str) -> None:
    """Section 3.1.3.8: in the code flow at_hash may be left out, but not be wrong."""
    if "at_hash" not in claims:
        return
    digest = ALGORITHMS[algorithm](access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    if not hmac.compare_digest(str(claims["at_hash"]).encode(), half):
        raise NotProven("another access token's")
