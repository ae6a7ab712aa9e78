"""Hints from commits to the service's worker: NOTIFY, behind the commit and beside the request.

A NOTIFY inside a transaction takes an instance-wide lock at its commit, and one behind it would keep the caller
waiting. So a thread sends them, those of one moment together. A lost hint costs one poll interval, nothing else.
"""

import threading
import time
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from shared import lean_session
from shared.prepared import hot
from shared.telemetry import get_logger

log = get_logger(__name__)

# Set on a session by outbox and inbox writes: after the commit the service's worker is woken.
WAKE = "wake_worker"
# Hints of a burst travel together (seconds between two, for each that came in the last): the more there is to do, the
# more the worker does at once.
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.003, 0.02
NOTIFY = hot(text("SELECT pg_notify(:channel, :loops)"))


def wake_channel(service: str) -> str:
    """The NOTIFY channel on which a service's worker hears that there is something to do."""
    return f"{service}.wake"


def wake_worker(session: Session, loop: str) -> None:
    """Asks for a hint to one of the service's worker's loops once this session's transaction has committed."""
    session.info.setdefault(WAKE, set()).add(loop)


class Hints:
    """Sends what sessions have asked for, on a connection of its own; the thread begins with the first."""

    def __init__(self, engine: Engine, service: str) -> None:
        self._engine = engine
        self._channel = wake_channel(service)
        self._wanted: set[str] = set()
        self._count = 0
        self._asked = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Sends what was asked for, and ends."""
        self._closed = True
        self._asked.set()
        if self._thread:
            self._thread.join(LONGEST_PAUSE_SECONDS + 1)

    def take(self, info: dict[str, Any]) -> None:
        """Sends what a session's `info` asks for, now that its transaction has committed."""
        loops = info.pop(WAKE, None)
        if not loops:
            return
        with self._lock:
            self._wanted |= loops
            self._count += 1
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="hints", daemon=True)
                self._thread.start()
        self._asked.set()

    def _run(self) -> None:
        connection: Connection | None = None
        while not self._closed or self._wanted:
            self._asked.wait()
            self._asked.clear()
            with self._lock:
                loops, self._wanted = self._wanted, set()
                count, self._count = self._count, 0
            try:
                if loops:
                    connection = connection or self._connect()
                    named = {"channel": self._channel, "loops": ",".join(sorted(loops))}
                    lean_session.execute(connection, NOTIFY, named)
            except Exception as error:
                log.warning("hint lost, the worker polls", error=f"{type(error).__name__}: {error}")
                _drop(connection)
                connection = None
            time.sleep(min(max(count, 1) * PAUSE_SECONDS, LONGEST_PAUSE_SECONDS))
        _drop(connection)

    def _connect(self) -> Connection:
        connection = self._engine.connect()
        # Never back to the pool, which is for requests.
        connection.detach()
        # Nothing that must last is written here.
        connection.execute(text("SET synchronous_commit = off"))
        return connection


def _drop(connection: Connection | None) -> None:
    if connection is not None:
        connection.invalidate()
        connection.close()
