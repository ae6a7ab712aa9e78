"""Open streams of orders' steps: at most two of an account, and one look into the table for all of a process."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.billing import timeline
from shared.database import Database
from shared.errors import Problem
from shared.telemetry import get_logger
from shared.threads import run_in_thread

log = get_logger(__name__)

MAX_STREAMS = 2
LOOK_EVERY_SECONDS = 0.25

# A row of timeline.list_steps_behind.
Step = Row[Any]


class TooManyStreams(Problem):
    status, slug, title = 429, "too-many-streams", "Two order streams of this account are open already"
    detail = "Close one of them, or read the steps as a list."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "5"})


class Stream:
    """The steps of one order behind the given number; `next` waits for them."""

    def __init__(self, order_id: UUID, after: int) -> None:
        self.order_id = order_id
        self.after = after
        self._steps: asyncio.Queue[Step] = asyncio.Queue()

    def add(self, step: Step) -> None:
        """Appends a step, unless it came before."""
        if step.id > self.after:
            self.after = step.id
            self._steps.put_nowait(step)

    async def next(self, seconds: float) -> Step | None:
        """The next step; None when there is none for so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                return await self._steps.get()
        except TimeoutError:
            return None


class StepWatch:
    """All open streams of a process. While there is any, the table is looked at four times a second, once for all.

    Its methods are called in the event loop. An account's streams are counted by each process for itself.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._streams: set[Stream] = set()
        self._of_account: Counter[UUID] = Counter()
        self._looking: asyncio.Task[None] | None = None

    @contextmanager
    def place(self, account: UUID) -> Iterator[None]:
        """One of the account's two streams, while the context is open. Raises TooManyStreams."""
        if self._of_account[account] >= MAX_STREAMS:
            raise TooManyStreams
        self._of_account[account] += 1
        try:
            yield
        finally:
            self._of_account[account] -= 1
            if not self._of_account[account]:
                del self._of_account[account]

    @contextmanager
    def watching(self, stream: Stream) -> Iterator[None]:
        """While the context is open new steps are added to the stream."""
        self._streams.add(stream)
        self._looking = self._looking or asyncio.create_task(self._look_again_and_again())
        try:
            yield
        finally:
            self._streams.discard(stream)

    async def _look_again_and_again(self) -> None:
        while self._streams:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            seen: dict[UUID, int] = {}
            for stream in self._streams:
                seen[stream.order_id] = min(stream.after, seen.get(stream.order_id, stream.after))
            try:
                found = await run_in_thread(self._read, seen)
            # The streams go on: the next look may succeed.
            except Exception as error:
                log.error("order steps cannot be read", exc_info=error)
                continue
            for stream in self._streams:
                for step in found.get(stream.order_id, ()):
                    stream.add(step)
        self._looking = None

    def _read(self, seen: Mapping[UUID, int]) -> Mapping[UUID, list[Step]]:
        found: dict[UUID, list[Step]] = defaultdict(list)
        with self._database.read() as session:
            for step in timeline.list_steps_behind(session, seen):
                found[step.order_id].append(step)
        return found
