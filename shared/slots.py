"""Slots for scarce work: what only a few requests of a process may do at once, such as hashing a password.

HASHING = Slot("password hashes", size=4, queue=96, share=32)

@router.post("/login")
@needs(HASHING)
def login(body: PasswordSignIn) -> ...

The order of a request is: admission, body and checks, slot, work. Its body is read before it asks for the slot, so a
slow sender holds none. Who waits for a slot has given back its admission slot, and holds no thread and no connection:
a session connects with its first statement. Who has the slot is admitted again (shared/admission.py) and then works.

Only a few wait for a slot, and of one client only some: the others are answered 429 at once. Who has waited too long
is answered 503. Both carry Retry-After.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import Request

from shared.admission import ADMISSION, Admission
from shared.auth import Actor
from shared.errors import Problem, Unavailable
from shared.networks import throttled_network

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
NONE: frozenset["Slot"] = frozenset()
# What this request holds; None outside of requests.
HELD: ContextVar[frozenset["Slot"] | None] = ContextVar("held_slots", default=None)


@dataclass(frozen=True)
class Slot:
    """A kind of scarce work. `size` requests of a process do it at once, `queue` more wait, each for `wait_seconds` at
    most. Of one client (an account; without one, a network address) `share` at most work or wait."""

    name: str
    size: int
    queue: int
    share: int
    wait_seconds: float = 2.0


# A slot, or what finds it by the arguments of the route's function.
Needed = Slot | Callable[[Mapping[str, Any]], Slot]


class TooManyAtOnce(Problem):
    status, slug, title = 429, "too-many-at-once", "Too many such requests at once"

    def __init__(self, detail: str, slot: Slot) -> None:
        super().__init__(detail, headers={"Retry-After": str(max(1, round(slot.wait_seconds)))})


class SlotBusy(Unavailable):
    slug, title = "slot-busy", "Too many people ask for this in this moment"


def needs(*slots: Needed) -> Callable[[Endpoint], Endpoint]:
    """Marks a route's function: it runs with these slots, taken in this order. Give every route the same order."""

    def mark(endpoint: Endpoint) -> Endpoint:
        if asyncio.iscoroutinefunction(endpoint):
            raise TypeError(f"{endpoint.__name__} runs in the event loop: scarce work belongs in a thread")
        endpoint.needed_slots = slots  # type: ignore[attr-defined]
        return endpoint

    return mark


def needed_slots(endpoint: Callable[..., Any]) -> tuple[Needed, ...]:
    """What the route's function was marked with; nothing for most."""
    slots: tuple[Needed, ...] = getattr(endpoint, "needed_slots", ())
    return slots


def require_slot(slot: Slot) -> None:
    """For the code that does the scarce work; one-shot programs and workers need no slot. Raises RuntimeError in a
    request whose route does not declare it."""
    held = HELD.get()
    if held is not None and slot not in held:
        raise RuntimeError(f"the route must declare its need: @needs, {slot.name}")


class SlotQueues:
    """The slots of one process, and who waits for them."""

    def __init__(self) -> None:
        self._queues: dict[Slot, _Queue] = {}

    @asynccontextmanager
    async def taken(
        self, request: Request, needed: tuple[Needed, ...], arguments: Mapping[str, Any]
    ) -> AsyncIterator[None]:
        """Holds these slots and an admission slot for a request. Raises TooManyAtOnce, SlotBusy, Overloaded."""
        client = _client(request, arguments)
        slots = [one if isinstance(one, Slot) else one(arguments) for one in needed]
        admission: Admission = request.scope[ADMISSION]
        async with AsyncExitStack() as stack:
            for slot in slots:
                queue = self._queues.setdefault(slot, _Queue(slot))
                await stack.enter_async_context(queue.taken(client, admission))
            await admission.enter()
            HELD.set(frozenset(slots))
            yield


class _Queue:
    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._free = asyncio.Semaphore(slot.size)
        self._inside: Counter[str] = Counter()

    @asynccontextmanager
    async def taken(self, client: str, admission: Admission) -> AsyncIterator[None]:
        slot = self._slot
        if self._inside[client] >= slot.share:
            raise TooManyAtOnce("Your earlier requests are still being worked on. Wait for their answers.", slot)
        if self._inside.total() >= slot.size + slot.queue:
            raise TooManyAtOnce("As many people as may wait for this already. Try again in a few seconds.", slot)
        self._inside[client] += 1
        try:
            await self._wait(admission)
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._inside[client] -= 1
            if not self._inside[client]:
                del self._inside[client]

    async def _wait(self, admission: Admission) -> None:
        if self._free.locked():
            admission.leave()
        try:
            async with asyncio.timeout(self._slot.wait_seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise SlotBusy from error


def _client(request: Request, arguments: Mapping[str, Any]) -> str:
    actor = next((value for value in arguments.values() if isinstance(value, Actor)), None)
    if actor:
        return str(actor.user_id)
    host = request.client.host if request.client else ""
    return throttled_network(host) or host
