"""Runs steps as early as the steps they need allow, several at a time."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

STEPS_AT_A_TIME = 16


@dataclass(frozen=True)
class Step:
    """Something to do once the steps named in `after` are done. Names outside the run count as done."""

    name: str
    action: Callable[[], None]
    after: tuple[str, ...] = ()


Report = Callable[[str, float], None]


def run(steps: Sequence[Step], report: Report) -> None:
    """Runs all steps; `report` hears each finished name and its seconds. The first error stops what has not begun."""
    waiting = {step.name: step for step in steps}
    running: dict[Future[None], tuple[str, float]] = {}
    with ThreadPoolExecutor(STEPS_AT_A_TIME) as pool:
        while waiting or running:
            blocked = {*waiting, *(name for name, _ in running.values())}
            for step in [step for step in waiting.values() if not blocked & set(step.after)]:
                del waiting[step.name]
                running[pool.submit(step.action)] = (step.name, time.monotonic())
            if not running:
                raise ValueError(f"steps wait for each other: {', '.join(waiting)}")
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name, began = running.pop(future)
                future.result()
                report(name, time.monotonic() - began)
