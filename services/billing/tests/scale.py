"""How much of a test without a natural end: enough for every run, or the reliability page's numbers by FULL=1."""

import os

FULL = bool(os.environ.get("FULL"))


def scaled(usual: int, full: int) -> int:
    """`full` when FULL is set, else `usual`."""
    return full if FULL else usual
