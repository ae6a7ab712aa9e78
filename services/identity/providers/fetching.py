"""Reads what a provider answers, within bounds: it is somebody else's server."""

import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import httpx
import orjson

# Seconds for each step on the wire, and for an answer as a whole, which may come in drops.
TIMEOUT = httpx.Timeout(4.0, connect=3.0)
WHOLE_SECONDS = 8.0
MAX_BYTES = 256 * 1024
# A provider that is away is not asked again by everybody who waits for it.
RETRY_SECONDS = 2.0

T = TypeVar("T")
Json = dict[str, Any]


class ProviderAway(Exception):
    """No answer that could be used: none at all, too late, too long, or not in the language of the protocol. The reason
    is for the log."""


def read_json(client: httpx.Client, method: str, url: str, **options: Any) -> tuple[int, Json]:
    """Status and JSON object of an answer below 500. Redirects are not followed. Raises ProviderAway."""
    deadline = time.monotonic() + WHOLE_SECONDS
    body = b""
    try:
        with client.stream(method, url, **options) as answer:
            # Raw: nothing that was asked for without an encoding is unpacked into more than it says it is.
            for piece in answer.iter_raw():
                body += piece
                if len(body) > MAX_BYTES or time.monotonic() > deadline:
                    raise ProviderAway(f"{url} answers too much or too slowly")
        parsed = orjson.loads(body) if answer.status_code < 500 else None
    except (httpx.HTTPError, httpx.InvalidURL, orjson.JSONDecodeError) as error:
        raise ProviderAway(f"{url}: {error or type(error).__name__}") from error
    if not isinstance(parsed, dict) or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise ProviderAway(f"{url} answers {answer.status_code}")
    return answer.status_code, parsed


class Remembered(Generic[T]):
    """Something a provider tells, kept in this process and asked for again when it is older than wanted."""

    def __init__(self, fetch: Callable[[], T]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._value: T | None = None
        self._fetched_at = self._retry_at = float("-inf")

    def get(self, max_age: float) -> T:
        """The value, at most `max_age` seconds old. Raises ProviderAway, for two seconds without asking again."""
        with self._lock:
            if self._value is None or time.monotonic() - self._fetched_at >= max_age:
                if time.monotonic() < self._retry_at:
                    raise ProviderAway("it did not answer a moment ago")
                self._retry_at = time.monotonic() + RETRY_SECONDS
                self._value = self._fetch()
                self._fetched_at = time.monotonic()
            return self._value
