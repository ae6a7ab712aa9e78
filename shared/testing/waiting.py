"""Waiting for an effect instead of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], seconds: float = 10.0, what: str = "") -> T:
    """The first truthy result of `condition`. Raises AssertionError when none came in time."""
    deadline, pause = time.monotonic() + seconds, 0.005
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or condition}; last result {result!r}")
        # What takes long is asked for less often: most conditions cost a request.
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
