"""The table that a person reads and the file that a machine reads."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ops.faults.trial import Trial

MOST_ROWS = 5


def show(console: Console, trials: Sequence[Trial]) -> None:
    """One line a trial, and below it every check or row of the oracle that did not hold."""
    columns = (
        "",
        "scenario",
        "seed",
        "s",
        "quiet",
        "faults",
        "checkouts",
        "errors",
        "lost",
        "doubled",
        "parked",
        "oracle",
    )
    table = Table(*columns, "held", box=None)
    for trial in trials:
        numbers = (trial.faults, trial.checkouts, trial.visible_errors, trial.lost, trial.duplicated, trial.parked)
        held = "[green]yes[/]" if trial.held else "[red]NO[/]"
        seconds = (f"{trial.seconds:.0f}", f"{trial.settled_seconds:.1f}")
        table.add_row(trial.key, trial.title, str(trial.seed), *seconds, *map(str, numbers), str(trial.oracle), held)
    console.print(table)
    for trial in trials:
        _show_failures(console, trial)


def show_checks(console: Console, trial: Trial) -> None:
    """Every number that the trial measured."""
    for check in trial.checks:
        mark = "[green]✓[/]" if check.held else "[red]✗[/]"
        console.print(f"    {mark} {check.name}: {check.measured} [dim]({check.bar})[/]", soft_wrap=True)


def write(path: Path, trials: Sequence[Trial], full: bool) -> None:
    """Writes the file that CI keeps."""
    path.parent.mkdir(parents=True, exist_ok=True)
    verdict = {
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "set": "full" if full else "short",
        "seconds": round(sum(trial.seconds for trial in trials), 1),
        "held": all(trial.held for trial in trials),
        "scenarios": [trial.summary() for trial in trials],
    }
    path.write_text(json.dumps(verdict, indent=2, default=str) + "\n")


def _show_failures(console: Console, trial: Trial) -> None:
    if trial.held:
        return
    console.print(f"\n[red]{trial.key} did not hold[/]; again: make faults ONLY={trial.key} SEED={trial.seed}")
    if trial.error:
        console.print(f"    {trial.error}", markup=False, soft_wrap=True)
    for check in trial.checks:
        if not check.held:
            console.print(f"    {check.name}: {check.measured}, wanted {check.bar}", markup=False, soft_wrap=True)
    for key, rows in trial.violations.items():
        console.print(f"    {key}: {len(rows)} rows", markup=False)
        for row in rows[:MOST_ROWS]:
            console.print(f"        {row}", markup=False, soft_wrap=True)
