"""The main program of a worker process (shared/processes.py): `python -m shared.process_main FD MODULE FUNCTION`.

It imports what the function needs and nothing else, so it stays small.
"""

import signal
import sys
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

READY = "ready"


def serve(connection: Connection, function: Any) -> None:
    """Answers calls, each with what was returned and what was raised, until the parent hangs up or dies."""
    # Ctrl-C goes to the whole group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        connection.send(READY)
        while True:
            arguments, named = connection.recv()
            connection.send(_outcome(function, arguments, named))


def _outcome(function: Any, arguments: Any, named: Any) -> tuple[Any, Exception | None]:
    try:
        return function(*arguments, **named), None
    except Exception as error:
        return None, error


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])), getattr(import_module(sys.argv[2]), sys.argv[3]))
