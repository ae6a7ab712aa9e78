"""A worker is a handful of loops: each repeats one step until there is nothing to do, then waits to be woken."""

import threading
from collections.abc import Callable

from shared.telemetry import get_logger

log = get_logger(__name__)

# One attempt costs little, and while a loop pauses people wait for what they have paid for.
LONGEST_PAUSE = 5.0


class Loop:
    """Runs `step` in a thread. `step` returns True when it wants to be called again at once, False to wait for a
    wake-up or for `idle` seconds, whichever comes first. An exception is logged and the loop pauses, up to 5 s."""

    def __init__(self, name: str, step: Callable[[], bool], idle: float = 1.0, close: Callable[[], None] | None = None):
        self.name = name
        self._step = step
        self._idle = idle
        self._close = close
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._rests = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    def rests(self) -> bool:
        """True while it waits and nobody has woken it."""
        return self._rests and not self._wake.is_set()

    def stop(self) -> None:
        """Asks the loop to end after its current step."""
        self._stopping.set()
        self._wake.set()

    def join(self, seconds: float) -> bool:
        """Waits for the end; False when it did not come in time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def is_alive(self) -> bool:
        """False once the loop has ended."""
        return self._thread.is_alive()

    def _run(self) -> None:
        pause = 0.25
        while not self._stopping.is_set():
            try:
                busy = self._step()
            except Exception as error:
                log.warning("loop pauses", loop=self.name, seconds=pause, error=f"{type(error).__name__}: {error}")
                self._stopping.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause = 0.25
            if not busy:
                self._rests = True
                self._wake.wait(self._idle)
                self._rests = False
                self._wake.clear()
        if self._close:
            self._close()


class Crew:
    """Loops that do the same work side by side. One is woken, and each that finds something wakes the next, so that a
    burst has all of them and a single event does not have them all look in vain."""

    def __init__(self) -> None:
        self.loops: list[Loop] = []

    def wake(self) -> None:
        """One that rests, or the first, which then looks again before it does."""
        next((loop for loop in self.loops if loop.rests()), self.loops[0]).wake()
