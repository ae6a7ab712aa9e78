"""Runs scenarios one after the other on one platform and says what held."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ops.failure import OpsError
from ops.faults import report
from ops.faults.judging import Judge
from ops.faults.lab import Lab
from ops.faults.learners import Learner
from ops.faults.scenarios import SCENARIOS
from ops.faults.school import open_school
from ops.faults.stage import Scenario, Stage
from ops.faults.trial import Trial
from ops.places import VAR

HOME = VAR / "faults"
# Blocking calls (SQL, starting processes) run in threads; many processes may be starting at once.
THREADS = 32


@dataclass(frozen=True)
class Plan:
    """What to run: scenario names, the size, the first seed."""

    scenarios: Sequence[Scenario]
    full: bool
    seed: int

    @property
    def school(self) -> tuple[int, int]:
        """Learners and courses: every pair is one checkout."""
        return (100, 240) if self.full else (30, 28)

    def trials(self) -> list[tuple[Scenario, Trial]]:
        """Each scenario with a trial of each of its seeds."""
        return [
            (scenario, Trial(scenario.key, scenario.title, self.seed + number, self.full))
            for scenario in self.scenarios
            for number in range(scenario.seeds if self.full else 1)
        ]


def plan(names: Sequence[str], full: bool, seed: int | None) -> Plan:
    """The scenarios of these names, all when none is given. Raises OpsError for an unknown name."""
    wanted = [name.strip().upper() for part in names for name in part.split(",") if name.strip()]
    if unknown := sorted(set(wanted) - SCENARIOS.keys()):
        raise OpsError(f"There is no scenario {', '.join(unknown)}.", f"one of: {', '.join(SCENARIOS)}")
    chosen = [scenario for key, scenario in SCENARIOS.items() if key in wanted or not wanted]
    return Plan(chosen, full, random.SystemRandom().randrange(1_000_000) if seed is None else seed)


def run(todo: Plan, console: Console) -> bool:
    """Runs it all; True when everything held. The table is printed, the file is written."""
    if not console.is_terminal:
        # In a log of CI nothing tells the width, and a table of 80 columns cannot be read.
        console = Console(highlight=False, width=160)
    console.print(f"seed {todo.seed}; {'the full' if todo.full else 'the short'} set, {len(todo.trials())} trials")
    trials = asyncio.run(_run(todo, console))
    report.show(console, trials)
    report.write(HOME / "latest.json", trials, todo.full)
    console.print(
        f"\n{sum(trial.held for trial in trials)} of {len(trials)} held; {HOME / 'latest.json'}", soft_wrap=True
    )
    return all(trial.held for trial in trials)


async def _run(todo: Plan, console: Console) -> list[Trial]:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    lab = Lab(HOME / "platform")
    done: list[Trial] = []
    try:
        began = time.monotonic()
        await lab.open()
        school = await open_school(lab, *todo.school)
        visitor = Learner(lab.client, "visitor@example.com")
        await visitor.sign_up("Visitor", lab.mailbox)
        console.print(f"platform with {len(school.courses)} courses ready after {time.monotonic() - began:.0f} s")
        judge = Judge(lab, visitor)
        for scenario, trial in todo.trials():
            await _play(Stage.of(lab, school, trial), scenario, judge, console)
            report.show_checks(console, trial)
            done.append(trial)
    finally:
        keep = len(done) < len(todo.trials()) or not all(trial.held for trial in done)
        await lab.close(keep)
    if keep:
        console.print(f"data and logs to look at: {lab.directory}", soft_wrap=True)
    return done


async def _play(stage: Stage, scenario: Scenario, judge: Judge, console: Console) -> None:
    trial, began, errors = stage.trial, time.monotonic(), stage.lab.client.errors.total()
    columns = (TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, refresh_per_second=4) as progress:
        task = progress.add_task(f"{scenario.key:<4}{scenario.title}", total=1)
        trial.advance = lambda steps: progress.advance(task, steps)
        trial.expect = lambda steps: progress.update(task, total=steps)
        # Judged in any case: what a failed act left behind must not be held against the next scenario.
        for step in (scenario.act, judge.judge):
            await _try(step, stage, console)
        trial.seconds = time.monotonic() - began
        trial.visible_errors = stage.lab.client.errors.total() - errors


async def _try(step: Callable[[Stage], Awaitable[None]], stage: Stage, console: Console) -> None:
    try:
        await step(stage)
    # Whatever goes wrong in one scenario, its own defects too, is that scenario's failure: the others still run.
    except Exception as error:
        stage.trial.error = stage.trial.error or f"{type(error).__name__}: {error}"
        console.print_exception(max_frames=4)
