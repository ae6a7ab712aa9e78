"""Verifies access tokens: EdDSA JWTs of 5 minutes, RFC 9068 `typ: at+jwt`, keys from identity's JWKS."""

import threading
import time
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


class InvalidToken(Exception):
    """The token is not one of ours, or no longer. The reason is for the log, not for the caller."""


@dataclass(frozen=True)
class Claims:
    """What a verified token says. `issued_at` and `expires_at` are Unix seconds."""

    user_id: UUID
    session_id: str
    token_id: str
    roles: frozenset[str]
    issued_at: int
    expires_at: int


class KeySource(Protocol):
    """Where public keys come from: the KeySet below, or identity's own signer."""

    def get(self, kid: str) -> jwt.PyJWK:
        """The key of that id. Raises InvalidToken when there is none."""


class KeySet:
    """Identity's public keys by `kid`. An unknown kid makes one refetch, at most every five seconds."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._lock = threading.Lock()

    def fetch(self) -> None:
        """Loads the keys. Raises httpx.HTTPError when identity does not answer."""
        answer = httpx.get(self._url, timeout=3).raise_for_status()
        self._keys = {str(key["kid"]): jwt.PyJWK(key, ALGORITHM) for key in answer.json()["keys"]}

    def get(self, kid: str) -> jwt.PyJWK:
        """The key of that id. Raises InvalidToken when identity does not know it."""
        if kid not in self._keys:
            self._refetch()
        key = self._keys.get(kid)
        if key is None:
            raise InvalidToken(f"unknown key {kid[:40]!r}")
        return key

    def _refetch(self) -> None:
        with self._lock:
            if time.monotonic() - self._fetched_at < REFETCH_SECONDS:
                return
            self._fetched_at = time.monotonic()
            try:
                self.fetch()
            except (httpx.HTTPError, ValueError, KeyError) as error:
                log.warning("cannot fetch signing keys", url=self._url, error=str(error))


class TokenVerifier:
    """Verifies once and remembers until the token expires; revocation is checked by the caller on every request."""

    def __init__(self, keys: KeySource) -> None:
        self._keys = keys
        self._verified: dict[str, Claims] = {}

    def verify(self, token: str) -> Claims:
        """The token's claims. Raises InvalidToken for everything else, whatever the bytes are."""
        claims = self._verified.get(token)
        if claims is None:
            claims = self._decode(token)
            if len(self._verified) >= CACHE_SIZE:
                self._verified.clear()
            self._verified[token] = claims
        elif claims.expires_at + LEEWAY_SECONDS <= time.time():
            self._verified.pop(token, None)
            raise InvalidToken("expired")
        return claims

    def _decode(self, token: str) -> Claims:
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
            return _claims(payload)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise InvalidToken(str(error)) from error


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
    )
