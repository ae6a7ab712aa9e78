"""The table of what runs, one `Unit` a line, and the runner that starts and stops such a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ops.native.graph import Report, Step, run
from ops.native.program import Job, Program
from ops.native.supervisor import Supervisor


def nothing() -> None:
    """The preparation of what needs none."""


@dataclass(frozen=True)
class Unit:
    """A program to keep running or a job to run once, the units it needs, and what to do right before it."""

    runs: Program | Job
    after: tuple[str, ...] = ()
    prepare: Callable[[], None] = nothing

    @property
    def name(self) -> str:
        """Its name: of its log, of its pid file, and for `after`."""
        return self.runs.name

    @property
    def keeps_running(self) -> bool:
        """False for a job."""
        return isinstance(self.runs, Program)


class Runner:
    """Starts and stops the units of one instance."""

    def __init__(self, supervisor: Supervisor, report: Report) -> None:
        self._supervisor = supervisor
        self._report = report

    def up(self, units: Sequence[Unit]) -> None:
        """Makes all of it run as described; a job runs only when something that needs it starts. Raises OpsError."""
        outdated = [
            unit for unit in units if isinstance(unit.runs, Program) and not self._supervisor.is_current(unit.runs)
        ]
        self.down(units, [unit.name for unit in outdated if self._supervisor.pid(unit.name)])
        needed = {name for unit in outdated for name in _all_needs(unit.name, units)}
        wanted = [unit for unit in units if unit.keeps_running or unit.name in needed]
        run([Step(unit.name, partial(self.start, unit), unit.after) for unit in wanted], self._report)

    def start(self, unit: Unit) -> None:
        """Starts one unit and waits until it is ready, or runs it to its end. Raises OpsError."""
        if isinstance(unit.runs, Job):
            unit.prepare()
            self._supervisor.run_once(unit.runs)
            return
        if self._supervisor.pid(unit.name) is None:
            unit.prepare()
        self._supervisor.start(unit.runs)

    def down(self, units: Sequence[Unit], names: Sequence[str]) -> None:
        """Stops these processes, each after everything that needs it; what the table does not know goes first."""
        needs = {unit.name: _all_needs(unit.name, units) for unit in units}
        steps = [
            Step(
                name,
                partial(self._supervisor.stop, name),
                tuple(other for other in names if name in needs.get(other, set())),
            )
            for name in names
        ]
        run(steps, lambda name, seconds: self._report(f"{name} stopped", seconds))


def _all_needs(name: str, units: Sequence[Unit]) -> set[str]:
    direct = {unit.name: unit.after for unit in units}
    found: set[str] = set()
    waiting = [name]
    while waiting:
        fresh = set(direct.get(waiting.pop(), ())) - found
        found |= fresh
        waiting += fresh
    return found
