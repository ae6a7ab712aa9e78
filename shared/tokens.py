"""Verifies access tokens: EdDSA JWTs of 5 minutes, RFC 9068 `typ: at+jwt`, keys from identity's JWKS."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import httpx
import jwt

from shared.telemetry import get_logger

log = get_logger(__name__)

ISSUER = "academy-identity"
AUDIENCE = "academy"
ALGORITHM = "EdDSA"
TOKEN_TYPE = "at+jwt"
REQUIRED_CLAIMS = ["iss", "aud", "sub", "sid", "jti", "iat", "exp", "roles"]
FORBIDDEN_HEADERS = frozenset({"jku", "jwk", "x5u", "x5c", "crit"})
MAX_TOKEN_BYTES = 4096
LEEWAY_SECONDS = 30
MAX_LIFETIME_SECONDS = 3600
CACHE_SIZE = 4096
REFETCH_SECONDS = 5.0
FAILED_FETCH_SECONDS = 0.5


class InvalidToken(Exception):
    """The token is not one of ours, or no longer. The reason is for the log, not for the caller."""


class KeysUnavailable(Exception):
    """Identity cannot be asked for its keys at the moment: nothing is known about the token, good or bad."""


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


class KeySource(Protocol):
    """Where public keys come from: the KeySet below, or identity's own signer."""

    def get(self, kid: str) -> jwt.PyJWK:
        """The key of that id. Raises InvalidToken when there is none, KeysUnavailable when nobody can tell now."""

    def is_loaded(self) -> bool:
        """False while no key is known; the api is not ready then."""


class KeySet:
    """Identity's public keys by `kid`. The revocation feed brings them each second (`learn`), so a new key is known
    before it signs. Until the first pull, an unknown kid makes one refetch, at most every five seconds; a failed one is
    tried again after half a second."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str, jwt.PyJWK] = {}
        self._next_fetch_at = float("-inf")
        self._failed = False
        self._lock = threading.Lock()

    def get(self, kid: str) -> jwt.PyJWK:
        """The key of that id. Raises InvalidToken when identity does not know it, KeysUnavailable when it is away."""
        if kid not in self._keys:
            self._fetch()
        key = self._keys.get(kid)
        if key is not None:
            return key
        if self._failed:
            raise KeysUnavailable(kid[:40])
        raise InvalidToken(f"unknown key {kid[:40]!r}")

    def learn(self, keys: Sequence[Mapping[str, Any]]) -> None:
        """These are the keys of this moment (JWK, RFC 7517). Raises ValueError, KeyError for what is none."""
        if {key["kid"] for key in keys} != self._keys.keys():
            self._keys = _parse(keys)

    def is_loaded(self) -> bool:
        """True once identity has told its keys; asks it when it has not."""
        if not self._keys:
            self._fetch()
        return bool(self._keys)

    def _fetch(self) -> None:
        with self._lock:
            if time.monotonic() < self._next_fetch_at:
                return
            try:
                answer = httpx.get(self._url, timeout=2).raise_for_status()
                self._keys = _parse(answer.json()["keys"])
                self._failed = False
            except (httpx.HTTPError, jwt.PyJWTError, ValueError, KeyError) as error:
                self._failed = True
                log.warning("cannot fetch signing keys", url=self._url, error=str(error))
            self._next_fetch_at = time.monotonic() + (FAILED_FETCH_SECONDS if self._failed else REFETCH_SECONDS)


class TokenVerifier:
    """Verifies once and remembers until the token expires or its key is retired; revocation is checked by the caller on
    every request."""

    def __init__(self, keys: KeySource) -> None:
        self._keys = keys
        self._verified: dict[str, tuple[Claims, str]] = {}

    def is_loaded(self) -> bool:
        """False while no key is known."""
        return self._keys.is_loaded()

    def has_verified(self, token: str) -> bool:
        """True when `verify` knows the token and need not look at its signature."""
        return token in self._verified

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
            header = jwt.get_unverified_header(token)
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


def _parse(keys: Sequence[Mapping[str, Any]]) -> dict[str, jwt.PyJWK]:
    return {str(key["kid"]): jwt.PyJWK(dict(key), ALGORITHM) for key in keys}


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
