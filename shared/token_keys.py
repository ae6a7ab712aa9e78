"""Identity's public keys, as the verifier of tokens (shared/tokens.py) asks for them."""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import httpx
import jwt

from shared.telemetry import get_logger

log = get_logger(__name__)

ALGORITHM = "EdDSA"
REFETCH_SECONDS = 5.0
FAILED_FETCH_SECONDS = 0.5


class InvalidToken(Exception):
    """The token is not one of ours, or no longer. The reason is for the log, not for the caller."""


class KeysUnavailable(Exception):
    """Identity cannot be asked for its keys at the moment: nothing is known about the token, good or bad."""


class KeySource(Protocol):
    """Where public keys come from: the KeySet below, or identity's own signer."""

    def get(self, kid: str) -> jwt.PyJWK:
        """The key of that id. Raises InvalidToken when there is none, KeysUnavailable when nobody can tell now."""

    def knows(self, kid: str) -> bool:
        """True when `get` has the key at hand."""

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

    def knows(self, kid: str) -> bool:
        """True when `get` asks nobody."""
        return kid in self._keys

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
                answer = httpx.get(self._url, timeout=2, trust_env=False).raise_for_status()
                self._keys = _parse(answer.json()["keys"])
                self._failed = False
            except (httpx.HTTPError, jwt.PyJWTError, ValueError, KeyError) as error:
                self._failed = True
                log.warning("cannot fetch signing keys", url=self._url, error=str(error))
            self._next_fetch_at = time.monotonic() + (FAILED_FETCH_SECONDS if self._failed else REFETCH_SECONDS)


def _parse(keys: Sequence[Mapping[str, Any]]) -> dict[str, jwt.PyJWK]:
    return {str(key["kid"]): jwt.PyJWK(dict(key), ALGORITHM) for key in keys}
