"""Borders where a fault drill may end, fail or delay the process. In normal life a border costs one look at a dict.

FAILPOINTS=name:action[:times], several separated by commas. Actions: `kill` (SIGKILL to itself, nothing is cleaned up),
`raise`, `sleep=seconds`. `times`: raise and sleep act at the first so many reaches of the process, without it at each;
kill acts at that reach, without it at the first. `ops/faults` sets them; production refuses to start with them.
"""

import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

Action = Literal["kill", "raise", "sleep"]
ACTIONS = ("kill", "raise", "sleep")
VARIABLE = "FAILPOINTS"


class FailpointReached(Exception):
    """What `raise` raises: an error that no code expects."""


@dataclass
class Failpoint:
    """One armed border. `times` None is always, for kill the first; `reached` counts in this process."""

    action: Action
    seconds: float = 0.0
    times: int | None = None
    reached: int = 0

    def is_due(self) -> bool:
        """Counts this reach; True when the action is to be done now."""
        self.reached += 1
        if self.action == "kill":
            return self.reached == (self.times or 1)
        return self.times is None or self.reached <= self.times


def parse_failpoints(text: str) -> dict[str, Failpoint]:
    """The failpoints by name in the words of FAILPOINTS. Raises ValueError for what it does not understand."""
    return dict(_parse_one(part.strip()) for part in text.split(",") if part.strip())


def _parse_one(part: str) -> tuple[str, Failpoint]:
    name, _, rest = part.partition(":")
    words, _, times = rest.partition(":")
    action, _, seconds = words.partition("=")
    if not name or action not in ACTIONS or (action == "sleep") != bool(seconds):
        raise ValueError(f"{VARIABLE}: {part!r} is not name:kill, name:raise or name:sleep=seconds")
    if times and (not times.isdigit() or int(times) < 1):
        raise ValueError(f"{VARIABLE}: {times!r} in {part!r} is not a number of times")
    return name, Failpoint(cast(Action, action), float(seconds or 0), int(times) if times else None)


def armed_by(environment: Mapping[str, str]) -> dict[str, Failpoint]:
    """What a process with this environment does at its borders. Raises RuntimeError when that would be production."""
    text = environment.get(VARIABLE, "")
    if text and environment.get("ENVIRONMENT") == "production":
        raise RuntimeError(f"{VARIABLE} is set: fault drills do not belong into production")
    return parse_failpoints(text)


_armed = armed_by(os.environ)


def reach(name: str) -> None:
    """Nothing, unless FAILPOINTS names this border. Raises FailpointReached when it says `raise`."""
    if _armed and name in _armed:
        _act(name, _armed[name])


def _act(name: str, failpoint: Failpoint) -> None:
    if not failpoint.is_due():
        return
    # The drill counts these lines. Written at once: a killed process flushes nothing.
    sys.stderr.write(f"failpoint {name}: {failpoint.action}\n")
    sys.stderr.flush()
    if failpoint.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if failpoint.action == "raise":
        raise FailpointReached(name)
    time.sleep(failpoint.seconds)
