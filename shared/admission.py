"""Only as many requests are worked on at once as there are connections; the others wait a little, or are told to.

Each request needs at most one thread and one connection at a time. With more requests inside than connections, those
that hold one wait for a thread while the threads wait for a connection, until everything times out together
(https://github.com/fastapi/fastapi/issues/3205). Waiting here costs neither.
"""

import asyncio
from contextlib import ExitStack

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Unavailable, problem_response

# Connections and threads that requests leave alone, so that readiness can be asked for under load.
RESERVED = 2
# Shorter than a client's patience, and time enough for a burst to pass.
WAIT_SECONDS = 2.0
MAX_WAITING = 1000
ALWAYS_ADMITTED = frozenset({"/livez", "/readyz", "/metrics"})


class Overloaded(Unavailable):
    slug, title = "overloaded", "There is more to do than we can do at once"


class WaitingRoom:
    """Lets `places` requests in at a time, in the order of their coming. Who has waited two seconds is answered 503
    with Retry-After, at once when a thousand wait already."""

    def __init__(self, app: ASGIApp, pool_size: int) -> None:
        self._app = app
        self._places = asyncio.Semaphore(max(1, pool_size - RESERVED))
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ALWAYS_ADMITTED:
            await self._app(scope, receive, send)
            return
        if not await self._enter():
            await problem_response(Request(scope), Overloaded())(scope, receive, send)
            return
        place = ExitStack()
        place.callback(self._places.release)

        async def send_and_leave(message: Message) -> None:
            # With the answer's first byte the request's transaction has ended: a stream that goes on for minutes, or a
            # slow reader of a file, keeps nobody waiting.
            place.close()
            await send(message)

        with place:
            await self._app(scope, receive, send_and_leave)

    async def _enter(self) -> bool:
        if not self._places.locked():
            return await self._places.acquire()
        if self._waiting >= MAX_WAITING:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await self._places.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
