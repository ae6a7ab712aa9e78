"""Starts again what died, as `restart: unless-stopped` of Docker Compose and a Kubernetes deployment do."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ops.failure import OpsError
from ops.native.platform import Platform

LOOK_SECONDS = 0.1
# Both engines double the wait of what keeps dying; ours ends early because a drill has no ten minutes.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
READY_SECONDS = 90.0


class Supervision:
    """Watches every process that runs when it begins. `deaths` counts by name what ended without being asked to;
    `on_death` hears the name before the process is started again, so a drill can change what it is told."""

    def __init__(self, platform: Platform) -> None:
        self.deaths: Counter[str] = Counter()
        self.on_death: Callable[[str], None] = lambda name: None
        self._platform = platform
        self._expected: set[str] = set()
        self._held: Counter[str] = Counter()
        self._restarts: dict[str, asyncio.Task[None]] = {}
        self._watch: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Watches from now on what lives now."""
        self._expected = set(self._platform.pids())
        self._watch = asyncio.create_task(self._look())

    async def end(self) -> None:
        """Lets everything be; what is just being started may go on."""
        for task in (self._watch, *self._restarts.values()):
            if task:
                task.cancel()
        await asyncio.gather(*self._restarts.values(), return_exceptions=True)

    def adopt(self, name: str) -> None:
        """Watches a process that was started later."""
        self._expected.add(name)

    def abandon(self, name: str) -> None:
        """No longer watches a process."""
        self._expected.discard(name)

    @asynccontextmanager
    async def holding(self, *names: str) -> AsyncIterator[None]:
        """While the context is open these stay dead when they die."""
        self._held.update(names)
        try:
            await asyncio.gather(*(self._restarts[name] for name in names if name in self._restarts))
            yield
        finally:
            self._held.subtract(names)

    async def all_ready(self) -> None:
        """Waits until every process runs and says it is ready. Raises OpsError when that takes over 90 s."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                while not await self._is_ready():
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError as error:
            readiness = await asyncio.to_thread(self._platform.readiness)
            missing = ", ".join(name for name, ready in readiness.items() if not ready)
            raise OpsError(f"{missing} did not come back within {READY_SECONDS:.0f} s.", "read their logs") from error

    async def _is_ready(self) -> bool:
        if self._watch and self._watch.done():
            # It goes on for ever, so it has failed: say why.
            self._watch.result()
        if self._restarts:
            return False
        readiness = await asyncio.to_thread(self._platform.readiness)
        living = await asyncio.to_thread(self._platform.pids)
        return all(readiness.values()) and self._expected <= living.keys()

    async def _look(self) -> None:
        while True:
            living = await asyncio.to_thread(self._platform.pids)
            for name in self._expected - living.keys() - self._restarts.keys():
                if self._held[name] <= 0:
                    self.deaths[name] += 1
                    self.on_death(name)
                    self._restarts[name] = asyncio.create_task(self._restart(name))
            await asyncio.sleep(LOOK_SECONDS)

    async def _restart(self, name: str) -> None:
        pause = FIRST_PAUSE
        try:
            while True:
                await asyncio.sleep(pause)
                try:
                    await asyncio.to_thread(self._platform.start, name)
                    return
                except OpsError:
                    pause = min(pause * 2, LONGEST_PAUSE)
        finally:
            del self._restarts[name]
