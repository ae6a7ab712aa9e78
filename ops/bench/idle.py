"""What the workers cost while nothing happens: processor time of all six, as a share of one core."""

import time

import psutil

from ops.bench.ground import FOLLOWERS, Ground
from ops.bench.pace import Pace
from ops.bench.report import Row

STEPS = 1


def measure(ground: Ground, pace: Pace) -> list[Row]:
    """User and system time over half a minute, so other load on the machine does not count."""
    for name in FOLLOWERS:
        ground.platform.start(name)
    workers = [psutil.Process(pid) for name, pid in ground.platform.pids().items() if name.endswith("-worker")]
    before, began = _seconds(workers), time.monotonic()
    time.sleep(pace.steady_seconds / 2)
    share = 100 * (_seconds(workers) - before) / (time.monotonic() - began)
    for name in FOLLOWERS:
        ground.platform.stop(name)
    pace.step()
    return [Row.at_most(f"{len(workers)} idle workers together", share, "% of one core", 3)]


def _seconds(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)
