"""A read deadline for psycopg2, which has none: a frozen server still acknowledges TCP, so no keepalive would notice.

psycopg2 hands its waiting to a callback (https://www.psycopg.org/docs/advanced.html#support-for-coroutine-libraries);
ours waits as usual, but not for ever. It concerns every connection of the process that calls `install`.
"""

import select
import time
from typing import Any

import psycopg2
from psycopg2 import extensions

# Longer than the server's own statement_timeout, so that the server speaks first while it can (seconds).
READ_SECONDS = 5.0
CONNECT_SECONDS = 2.0


def install() -> None:
    """From now on no database call of this process waits longer than five seconds, a connect longer than two."""
    extensions.set_wait_callback(wait)


def wait(connection: Any) -> None:
    """Waits until the connection's current operation is done. Raises OperationalError when its time is over, after
    which the connection is of no more use."""
    limit = CONNECT_SECONDS if connection.status == extensions.STATUS_SETUP else READ_SECONDS
    deadline = 0.0
    while True:
        state = connection.poll()
        if state == extensions.POLL_OK:
            return
        now = time.monotonic()
        deadline = deadline or now + limit
        if not _ready(connection.fileno(), state, deadline - now):
            # psycopg2 closes the connection itself when its callback raises; a close from here would wait for itself.
            raise psycopg2.OperationalError(f"no answer from the database within {limit:g} s")


def _ready(descriptor: int, state: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT if state == extensions.POLL_WRITE else select.POLLIN)
    return bool(poll.poll(max(seconds, 0) * 1000))
