"""Load by wrk: as many requests as the other side takes, over 32 connections that each wait for their answer."""

import json
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.bench.pace import Pace
from ops.bench.request import Request
from ops.failure import OpsError
from ops.native.packages import find_program

SCRIPT = Path(__file__).with_name("wrk.lua")
CONNECTIONS = 32
WARM_UP_SECONDS = 1.0


@dataclass(frozen=True)
class Load:
    """What one round gave: answers a second, and times in milliseconds."""

    rate: float
    p50: float
    p99: float


# One round of one side: the number of the round (0 is the warm-up) and its seconds.
Round = Callable[[int, float], Load]


def send(
    url: str, requests: Sequence[Request], seconds: float, once: bool = False, connections: int = CONNECTIONS
) -> Load:
    """The load that `url` takes. Raises OpsError when an answer is not 2xx or 3xx, does not come, or when requests
    that count only `once` were used up."""
    wrk = find_program("wrk")
    assert wrk, "make bench installs it"
    argv = (str(wrk), "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:.0f}s")
    with tempfile.NamedTemporaryFile("w") as lines:
        lines.writelines(request.line() for request in requests)
        lines.flush()
        told = subprocess.run(
            [*argv, "--timeout", "10s", "--script", str(SCRIPT), url, "--", lines.name],
            capture_output=True, text=True, check=True, timeout=seconds + 60,
        )  # fmt: skip
    result = json.loads(told.stdout.splitlines()[-1])
    if result["refused"] or result["broken"]:
        raise OpsError(f"{url}{requests[0].path}: {result['refused']} refused, {result['broken']} broken.")
    if once and result["requests"] > len(requests):
        raise OpsError(f"{result['requests']} requests were made of {len(requests)}: give the round more of them.")
    rate = result["requests"] / result["microseconds"] * 1e6
    return Load(rate, result["p50"] / 1000, result["p99"] / 1000)


def interleaved(pace: Pace, sides: Mapping[str, Round]) -> dict[str, Load]:
    """The medians of each side's rounds, taken in turns, so that a slow moment of the machine meets all sides."""
    for side in sides.values():
        side(0, WARM_UP_SECONDS)
    loads: dict[str, list[Load]] = {name: [] for name in sides}
    for number in range(1, pace.rounds + 1):
        for name, side in sides.items():
            loads[name].append(side(number, pace.seconds))
            pace.step()
    return {name: median_of(rounds) for name, rounds in loads.items()}


def median_of(loads: Sequence[Load]) -> Load:
    """The median of each number by itself."""
    return Load(*(statistics.median(values) for values in zip(*((x.rate, x.p50, x.p99) for x in loads), strict=True)))
