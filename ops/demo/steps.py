"""Runs the story's steps, one line each with its milliseconds, and counts them."""

import time
from collections.abc import Callable
from typing import Any

import httpx
from rich.console import Console


class StepFailed(Exception):
    """What was expected and what came."""


class Steps:
    """`steps.do("a student registers", act)` runs and reports; the first failure ends the story."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.passed = 0

    def do(self, title: str, act: Callable[[], str | None]) -> None:
        """Runs one step; what it returns is shown behind its title. Raises StepFailed."""
        started = time.perf_counter()
        try:
            remark = act()
        except (StepFailed, httpx.HTTPError, KeyError, LookupError) as error:
            self._console.print(f"[red]✗[/] {self.passed + 1:2d} {title}\n     {_reason(error)}", soft_wrap=True)
            raise StepFailed(title) from error
        milliseconds = (time.perf_counter() - started) * 1000
        self.passed += 1
        self._console.print(
            f"[green]✓[/] {self.passed:2d} {title:<64} {milliseconds:7.0f} ms  [dim]{remark or ''}[/]", soft_wrap=True
        )


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, StepFailed) else f"{type(error).__name__}: {error}"


def expect(condition: object, expected: str, came: object) -> None:
    """Raises StepFailed unless the condition holds."""
    if not condition:
        raise StepFailed(f"expected {expected}, but there came: {came}")


def eventually(read: Callable[[], Any], what: str, seconds: float = 10.0, pause: float = 0.005) -> Any:
    """The first truthy result of `read`. Raises StepFailed when none came in time."""
    deadline = time.monotonic() + seconds
    while True:
        result = read()
        if result:
            return result
        expect(time.monotonic() < deadline, f"{what} within {seconds:g} s", result)
        time.sleep(pause)
