"""Work in a process of its own: it keeps this one's interpreter lock free, and can be ended when it takes too long."""

import atexit
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Generic, ParamSpec, TypeVar

from shared.telemetry import get_logger

log = get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
# Importing what the function needs, on a busy machine.
START_SECONDS = 15.0


class WorkerFailed(Exception):
    """The process died, or was ended because it took too long."""


class WorkerProcess(Generic[P, R]):
    """Calls one function of a module, one call at a time. The process begins with the first call and ends with this
    one. One that dies or takes longer than `seconds` is replaced at the next call."""

    def __init__(self, function: Callable[P, R], seconds: float) -> None:
        self._function = function
        self._seconds = seconds
        self._lock = threading.Lock()
        self._running: tuple[subprocess.Popen[bytes], Connection] | None = None
        atexit.register(self._end)

    def call(self, *arguments: P.args, **named: P.kwargs) -> R:
        """What the function returns. Raises WorkerFailed, and what the function raises."""
        with self._lock:
            try:
                connection = self._connection()
                connection.send((arguments, named))
                returned, raised = _receive(connection, self._seconds)
            except (EOFError, OSError, WorkerFailed) as error:
                log.error("worker process failed", function=self._function.__name__, error=repr(error))
                self._end()
                raise WorkerFailed(repr(error)) from error
        if raised:
            raise raised
        result: R = returned
        return result

    @property
    def pid(self) -> int | None:
        """The process now; None before the first call and after a failure."""
        return self._running[0].pid if self._running else None

    def _connection(self) -> Connection:
        if self._running:
            return self._running[1]
        ours, theirs = Pipe()
        # A program of its own: a fork would copy the locks that other threads hold in this moment. It is told where the
        # code is, and none of our secrets.
        descriptor = theirs.fileno()
        named = (self._function.__module__, self._function.__name__)
        argv = (sys.executable, "-m", "shared.process_main", str(descriptor), *named)
        environment = {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
        self._running = subprocess.Popen(argv, env=environment, pass_fds=(descriptor,)), ours
        theirs.close()
        _receive(ours, START_SECONDS)
        return ours

    def _end(self) -> None:
        if self._running:
            process, connection = self._running
            self._running = None
            connection.close()
            process.kill()
            process.wait()


def _receive(connection: Connection, seconds: float) -> Any:
    if not connection.poll(seconds):
        raise WorkerFailed(f"no answer within {seconds} s")
    return connection.recv()
