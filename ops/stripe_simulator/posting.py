"""Posts by the standard library's client, each thread on a connection of its own that stays open: a far end must cost
little on a machine that also carries what is measured."""

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

CONNECTIONS = 8


class Poster:
    """`await post(url, body, headers)` is the status of the answer. Raises OSError, HTTPException or ValueError when
    there is none. A redirect is an answer like any other."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(CONNECTIONS, "webhooks")
        self._mine = threading.local()
        self._open: set[HTTPConnection] = set()

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._post, url, body, headers)

    def close(self) -> None:
        """Ends all connections; what is on the wire has no answer."""
        for connection in list(self._open):
            connection.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        kept = self._connection(url)
        fresh = kept.sock is None
        try:
            return _send(kept, url, body, headers)
        except ConnectionError:
            if fresh:
                raise
            # The other side has ended a connection that rested.
            return _send(kept, url, body, headers)

    def _connection(self, url: str) -> HTTPConnection:
        parts = urlsplit(url)
        place = (parts.scheme, parts.hostname, parts.port)
        if getattr(self._mine, "place", None) != place:
            kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
            self._mine.place, self._mine.connection = (
                place,
                kind(parts.hostname or "", parts.port, timeout=self._seconds),
            )
            self._open.add(self._mine.connection)
        connection: HTTPConnection = self._mine.connection
        return connection


def _send(connection: HTTPConnection, url: str, body: bytes, headers: Mapping[str, str]) -> int:
    parts = urlsplit(url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.request("POST", target, body, dict(headers))
        answer = connection.getresponse()
        answer.read()
    except (OSError, HTTPException):
        connection.close()
        raise
    return answer.status
