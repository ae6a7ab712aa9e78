"""Only as many requests are worked on at once as there are connections; the others wait a little, or are told to.

Each request needs at most one thread and one connection at a time. With more requests inside than connections, those
that hold one wait for a thread while the threads wait for a connection, until everything times out together
(https://github.com/fastapi/fastapi/issues/3205). Waiting here costs neither.

A request that waits for something scarcer than a connection leaves meanwhile and comes in again afterwards
(shared/slots.py).
"""

import asyncio

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Unavailable, problem_response

# Connections and threads that all other requests leave alone.
RESERVED = 2
# Shorter than a client's patience, and time enough for a burst to pass.
WAIT_SECONDS = 2.0
MAX_WAITING = 1000
# They need neither a thread nor a connection, so nothing can keep them waiting.
ALWAYS_ADMITTED = frozenset({"/livez", "/metrics", "/.well-known/jwks.json"})
# They have the reserved threads and connections to themselves. Every service pulls identity's revocations each second,
# and refuses administrators when it cannot.
RESERVED_FOR = frozenset({"/readyz", "/internal/revocations"})
ADMISSION = "admission"


class Overloaded(Unavailable):
    slug, title = "overloaded", "There is more to do than we can do at once"


class AdmissionSlots:
    """As many requests as may be worked on at once. The others wait in the order of their coming."""

    def __init__(self, size: int) -> None:
        self._free = asyncio.Semaphore(size)
        self._waiting = 0

    async def take(self) -> None:
        """Waits for a slot. Raises Overloaded after two seconds, at once when a thousand wait already."""
        if not self._free.locked():
            await self._free.acquire()
            return
        if self._waiting >= MAX_WAITING:
            raise Overloaded
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._free.acquire()
        except TimeoutError as error:
            raise Overloaded from error
        finally:
            self._waiting -= 1

    def give_back(self) -> None:
        """Lets the next one in."""
        self._free.release()


class Admission:
    """One request's admission slot: held between `enter` and `leave`, each of which may be called again."""

    def __init__(self, slots: AdmissionSlots) -> None:
        self._slots = slots
        self._held = False

    async def enter(self) -> None:
        """Takes a slot. Raises Overloaded."""
        if not self._held:
            await self._slots.take()
            self._held = True

    def leave(self) -> None:
        """Gives the slot back."""
        if self._held:
            self._held = False
            self._slots.give_back()


class WaitingRoom:
    """Lets in as many requests at a time as there are connections, less the reserved ones. Who is not let in is
    answered 503 with Retry-After. The request's Admission is in its scope."""

    def __init__(self, app: ASGIApp, pool_size: int) -> None:
        self._app = app
        self._slots = AdmissionSlots(max(1, pool_size - RESERVED))
        self._reserved = AdmissionSlots(RESERVED)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ALWAYS_ADMITTED:
            await self._app(scope, receive, send)
            return
        admission = Admission(self._reserved if scope["path"] in RESERVED_FOR else self._slots)
        try:
            await admission.enter()
        except Overloaded as problem:
            await problem_response(Request(scope), problem)(scope, receive, send)
            return
        scope[ADMISSION] = admission

        async def send_and_leave(message: Message) -> None:
            # With the answer's first byte the request's transaction has ended: a stream that goes on for minutes, or a
            # slow reader of a file, keeps nobody waiting.
            admission.leave()
            await send(message)

        try:
            await self._app(scope, receive, send_and_leave)
        finally:
            admission.leave()
