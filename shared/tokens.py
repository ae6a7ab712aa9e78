"""Verifies access tokens: EdDSA JWTs of 5 minutes, RFC 9068 `typ: at+jwt`, keys from identity's JWKS."""

import base64
import json
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt

from shared.token_keys import ALGORITHM, InvalidToken, KeySource

ISSUER = "academy-identity"
AUDIENCE = "academy"
TOKEN_TYPE = "at+jwt"
REQUIRED_CLAIMS = ["iss", "aud", "sub", "sid", "jti", "iat", "exp", "roles"]
FORBIDDEN_HEADERS = frozenset({"jku", "jwk", "x5u", "x5c", "crit"})
MAX_TOKEN_BYTES = 4096
LEEWAY_SECONDS = 30
MAX_LIFETIME_SECONDS = 3600
CACHE_SIZE = 4096


@dataclass(frozen=True)
class Claims:
    """What a verified token says. `issued_at` and `expires_at` are Unix seconds. `impersonator_id` is who acts in this
    person's name (`act`, RFC 8693 section 4.1); `scopes` limits a token made from an API key (`scope`, RFC 9068)."""

    user_id: UUID
    session_id: str
    token_id: str
    roles: frozenset[str]
    issued_at: int
    expires_at: int
    impersonator_id: UUID | None = None
    scopes: frozenset[str] | None = None


class TokenVerifier:
    """Verifies once and remembers until the token expires or its key is retired; revocation is checked by the caller on
    every request."""

    def __init__(self, keys: KeySource) -> None:
        self._keys = keys
        self._verified: dict[str, tuple[Claims, str]] = {}

    def is_loaded(self) -> bool:
        """False while no key is known."""
        return self._keys.is_loaded()

    def can_verify(self, token: str) -> bool:
        """True when `verify` need ask nobody: it knows the token, or the key that the token names."""
        return token in self._verified or self._keys.knows(_key_id(token))

    def verify(self, token: str) -> Claims:
        """The token's claims. Raises InvalidToken for everything else, whatever the bytes are, and KeysUnavailable when
        its key cannot be looked up now."""
        known = self._verified.get(token)
        if known is None:
            claims, kid = known = self._decode(token)
            if len(self._verified) >= CACHE_SIZE:
                self._verified.clear()
            self._verified[token] = known
            return claims
        claims, kid = known
        if claims.expires_at + LEEWAY_SECONDS <= time.time():
            self._verified.pop(token, None)
            raise InvalidToken("expired")
        self._keys.get(kid)
        return claims

    def _decode(self, token: str) -> tuple[Claims, str]:
        if len(token) > MAX_TOKEN_BYTES:
            raise InvalidToken("too long")
        try:
            header = _header_of(token)
            _check_header(header)
            payload = jwt.decode(
                token,
                self._keys.get(header["kid"]),
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY_SECONDS,
                options={"require": REQUIRED_CLAIMS, "strict_aud": True},
            )
            return _claims(payload), header["kid"]
        except (
            jwt.PyJWTError,
            KeyError,
            TypeError,
            ValueError,
            OverflowError,
            RecursionError,
            AttributeError,
        ) as error:
            raise InvalidToken(str(error)) from error


def _key_id(token: str) -> str:
    """The key that the token names; empty when it names none."""
    try:
        return str(_header_of(token[:MAX_TOKEN_BYTES]).get("kid"))
    except (InvalidToken, ValueError, RecursionError):
        return ""


def _header_of(token: str) -> dict[str, Any]:
    """What the token says of itself, to find its key by. PyJWT reads it again, strictly, when it checks the signature;
    its own reading beforehand would decode the whole token one more time."""
    return _read_header(token.partition(".")[0])


@lru_cache(16)
def _read_header(segment: str) -> dict[str, Any]:
    # All tokens of one key have the same.
    header = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    if not isinstance(header, dict):
        raise InvalidToken("the header is no object")
    return header


def _check_header(header: dict[str, Any]) -> None:
    if str(header.get("typ", "")).lower() != TOKEN_TYPE:
        raise InvalidToken("not an access token")
    if header.get("alg") != ALGORITHM:
        raise InvalidToken("wrong algorithm")
    if not isinstance(header.get("kid"), str):
        raise InvalidToken("no key id")
    if FORBIDDEN_HEADERS & header.keys():
        raise InvalidToken("header names its own key")


def _claims(payload: dict[str, Any]) -> Claims:
    if not isinstance(payload["roles"], list) or not isinstance(payload["exp"], int):
        raise InvalidToken("claims have the wrong type")
    if payload["exp"] - payload["iat"] > MAX_LIFETIME_SECONDS:
        raise InvalidToken("lives longer than any token of ours")
    return Claims(
        user_id=UUID(payload["sub"]),
        session_id=str(payload["sid"]),
        token_id=str(payload["jti"]),
        roles=frozenset(str(role) for role in payload["roles"]),
        issued_at=int(payload["iat"]),
        expires_at=payload["exp"],
        impersonator_id=UUID(payload["act"]["sub"]) if "act" in payload else None,
        scopes=frozenset(payload["scope"].split()) if "scope" in payload else None,
    )
