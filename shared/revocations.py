"""The revocation feed: each second every api pulls from identity what was revoked since, and refuses those tokens.

Loaded before the process is ready. The pull, not the broker, carries it: logout works with RabbitMQ down.
"""

import threading
import time
from dataclasses import dataclass
from typing import Protocol

import httpx
import jwt

from shared.telemetry import get_logger
from shared.token_keys import KeySet
from shared.tokens import Claims

log = get_logger(__name__)

PULL_SECONDS = 1.0
FIRST_PULL_SECONDS = 5.0
STALE_SECONDS = 15.0


@dataclass(frozen=True)
class Revocation:
    """`kind` sid ends a session, jti one token, user_before all tokens of a user issued up to `before`.

    `before` and `expires_at` are Unix seconds.
    """

    kind: str
    value: str
    before: int
    expires_at: int


class RevocationSource(Protocol):
    """What an api asks about each token: the RevocationFeed below, or identity's own table.

    `in_memory`: is_revoked never waits for anything.
    """

    in_memory: bool

    def start(self) -> None:
        """The api starts; it takes requests when this returns."""

    def stop(self) -> None:
        """The api stops."""

    def is_loaded(self) -> bool:
        """False while nothing is known; the api is not ready then."""

    def is_fresh(self) -> bool:
        """False when what is known is too old for sensitive routes."""

    def is_revoked(self, claims: Claims) -> bool:
        """True when the token was ended before its time."""


class RevocationFeed:
    """What is revoked, in memory; `keys` learns identity's keys by the way.

    A revocation is forgotten when every token it could concern has expired.
    """

    in_memory = True

    def __init__(self, url: str, internal_token: str, keys: KeySet | None = None) -> None:
        self._url = url
        self._keys = keys
        self._headers = {"Authorization": f"Bearer {internal_token}"}
        self._seq = 0
        self._revoked: dict[tuple[str, str], Revocation] = {}
        self._pulled_at = float("-inf")
        self.stale_seconds = STALE_SECONDS
        self._loaded = threading.Event()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Pulls in a background thread until `stop`. Waits for the first pull, since the gateway sends requests from
        the moment the port is open, but not for long: public pages are served with identity away, too."""
        threading.Thread(target=self._run, name="revocations", daemon=True).start()
        self._loaded.wait(FIRST_PULL_SECONDS)

    def stop(self) -> None:
        """Ends the background thread after its current pull."""
        self._stopping.set()

    def is_loaded(self) -> bool:
        """True once the first pull has succeeded."""
        return self._loaded.is_set()

    def is_fresh(self) -> bool:
        """False when the last successful pull is more than 15 seconds ago."""
        return time.monotonic() - self._pulled_at <= self.stale_seconds

    def is_revoked(self, claims: Claims) -> bool:
        """True when the token was ended before its time."""
        if ("sid", claims.session_id) in self._revoked or ("jti", claims.token_id) in self._revoked:
            return True
        user = self._revoked.get(("user_before", str(claims.user_id)))
        return user is not None and claims.issued_at <= user.before

    def pull(self, client: httpx.Client) -> None:
        """One pull. Raises httpx.HTTPError when identity does not answer."""
        answer = client.get(self._url, params={"after": self._seq}, headers=self._headers).raise_for_status()
        body = answer.json()
        for item in body["items"]:
            revocation = Revocation(item["kind"], item["value"], item["before"], item["expires_at"])
            self._revoked[revocation.kind, revocation.value] = revocation
        if self._keys and "keys" in body:
            self._keys.learn(body["keys"])
        # Lower than ours after identity was restored from a backup: what it revokes now has numbers we would skip.
        self._seq = body["last_seq"] if body["last_seq"] >= self._seq else 0
        self._pulled_at = time.monotonic()
        self._loaded.set()

    def _run(self) -> None:
        with httpx.Client(timeout=2, trust_env=False) as client:
            while not self._stopping.is_set():
                was_fresh = self.is_fresh()
                try:
                    self.pull(client)
                    self._forget_expired()
                except (httpx.HTTPError, jwt.PyJWTError, KeyError, ValueError) as error:
                    if was_fresh or not self.is_loaded():
                        log.warning("revocation feed does not answer", url=self._url, error=str(error))
                self._stopping.wait(PULL_SECONDS)

    def _forget_expired(self) -> None:
        now = time.time()
        for key in [key for key, revocation in self._revoked.items() if revocation.expires_at < now]:
            del self._revoked[key]
