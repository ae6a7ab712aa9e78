"""Load at a constant rate, whatever the answers take: who asks does not wait until others have been answered.

wrk cannot do that: its connections wait, so a slow moment delays the requests that would have shown it. Here each time
counts from the moment at which the request was due. Costs about a twentieth of a core at 1,000 requests a second.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httptools
import uvloop

from ops.bench.request import Request

CONNECTIONS = 64
PATIENCE_SECONDS = 15.0


@dataclass
class Steady:
    """What came of it: `milliseconds` of each good answer, in no order; `failures` counts the rest by reason."""

    milliseconds: list[float] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)

    @property
    def errors(self) -> int:
        """Requests without a good answer."""
        return sum(self.failures.values())

    def percentile(self, share: float) -> float:
        """Milliseconds that this share of the answers stayed below; infinite without any."""
        times = sorted(self.milliseconds)
        return times[min(int(len(times) * share), len(times) - 1)] if times else float("inf")

    def fail(self, reason: str) -> None:
        """Counts one."""
        self.failures[reason] = self.failures.get(reason, 0) + 1


def send_steadily(url: str, requests: Sequence[Request], per_second: float) -> Steady:
    """Sends each request once, at its time; returns when all were answered or the patience is over."""
    messages = [request.message(url) for request in requests]
    return uvloop.run(_Sender(url, per_second).send(messages))


class _Sender:
    def __init__(self, url: str, per_second: float) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._per_second = per_second
        self._idle: list[_Connection] = []
        self._opening: set[asyncio.Task[None]] = set()
        self.result = Steady()
        self.open_requests = 0

    async def send(self, messages: Sequence[bytes]) -> Steady:
        loop = asyncio.get_running_loop()
        self._idle = [await self._connect() for _ in range(CONNECTIONS)]
        started = loop.time()
        for number, message in enumerate(messages):
            due = started + number / self._per_second
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            self._send_one(message, due)
        over = loop.time() + PATIENCE_SECONDS
        while self.open_requests and loop.time() < over:
            await asyncio.sleep(0.01)
        for _ in range(self.open_requests):
            self.result.fail("no answer")
        for connection in self._idle:
            connection.close()
        return self.result

    def give_back(self, connection: "_Connection") -> None:
        self._idle.append(connection)

    def forget(self, connection: "_Connection") -> None:
        if connection in self._idle:
            self._idle.remove(connection)

    def _send_one(self, message: bytes, due: float) -> None:
        self.open_requests += 1
        if self._idle:
            self._idle.pop().send(message, due)
            return
        task = asyncio.get_running_loop().create_task(self._send_on_new(message, due))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _send_on_new(self, message: bytes, due: float) -> None:
        try:
            (await self._connect()).send(message, due)
        except OSError as error:
            self.open_requests -= 1
            self.result.fail(type(error).__name__)

    async def _connect(self) -> "_Connection":
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: _Connection(self), *self._address)
        return connection


class _Connection(asyncio.Protocol):
    """One connection; the methods with on_ are called by the parser."""

    def __init__(self, sender: _Sender) -> None:
        self._sender = sender
        self._due: float | None = None
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def send(self, message: bytes, due: float) -> None:
        self._due = due
        self._transport.write(message)

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        result = self._sender.result
        if self._due is not None and status < 400:
            result.milliseconds.append((asyncio.get_running_loop().time() - self._due) * 1000)
        else:
            result.fail(f"status {status}")
        self._due = None
        self._sender.open_requests -= 1
        if self._parser.should_keep_alive():
            # Only after this callback is the parser ready for the next answer.
            self._parser = httptools.HttpResponseParser(self)
            self._sender.give_back(self)
        else:
            self.close()

    def connection_lost(self, _error: Exception | None) -> None:
        self._sender.forget(self)
        if self._due is not None:
            self._due = None
            self._sender.open_requests -= 1
            self._sender.result.fail("connection lost")
