"""`make fuzz`: the long run. Bounded in number and time, with a progress bar; figures in var/fuzz/latest.json."""

import json
import random
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ops.places import VAR
from tests.fuzz.contract import Effort, play
from tests.fuzz.hunting import hunt
from tests.fuzz.platform import DOCUMENT, lived_in
from tests.fuzz.readers import READERS, Reader
from tests.fuzz.rounds import Round
from tests.fuzz.school import ROLES, School
from tests.fuzz.wire import wire_readers

HOME = VAR / "fuzz"
COLUMNS = (TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
PHASES = ("examples", "coverage", "fuzzing", "stateful")
PLAYED = ("anonymous", *ROLES)
# Per operation and cycle: cycles go on until the time is over.
EXAMPLES = 20
STORIES = 200
# Per reader at most, and between two looks at the clock.
VALUES, STEP = 100_000, 1_000
Figures = dict[str, Any]


def main(
    seed: Annotated[int | None, typer.Option(help="Repeats an earlier run.")] = None,
    minutes: Annotated[float, typer.Option(help="For all of it.")] = 45,
) -> None:
    """Fuzzes every reader and, as every role, every operation; exit code 1 when there is a defect."""
    chosen = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"seed {chosen}; again: make fuzz SEED={chosen} MINUTES={minutes:g}")
    began = time.monotonic()
    # A third of the time for some twenty readers, the rest for the five roles.
    seconds = minutes
    effort = Effort(chosen, EXAMPLES, PHASES, STORIES, seconds=int(minutes * 60 * 2 / 3 / len(PLAYED)))
    with Progress(*COLUMNS, console=console, refresh_per_second=2) as progress:
        readers = [_hunt(reader, chosen, seconds, progress) for reader in READERS]
        with lived_in(HOME / "platform") as (school, gateway):
            readers += [_hunt(reader, chosen, seconds, progress) for reader in wire_readers(school)]
            rounds = [_play(school, gateway, role, effort, progress) for role in PLAYED]
    figures = {
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seed": chosen,
        "seconds": round(time.monotonic() - began, 1),
        "values": sum(reader["values"] for reader in readers),
        "requests": sum(one["requests"] for one in rounds),
        "defects": sum(len(part["defects"]) for part in [*readers, *rounds]),
        "readers": readers,
        "rounds": rounds,
    }
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "latest.json").write_text(json.dumps(figures, indent=2) + "\n")
    _show(console, figures)
    raise typer.Exit(1 if figures["defects"] else 0)


def _hunt(reader: Reader, seed: int, seconds: float, progress: Progress) -> Figures:
    bar = progress.add_task(f"reader: {reader.name}", total=VALUES)
    began, tried, defect = time.monotonic(), 0, ""
    for number in range(0, VALUES, STEP):
        found = hunt(reader, seed + number, STEP)
        tried, defect = tried + found.tried, found.defect
        progress.update(bar, completed=tried)
        if defect or time.monotonic() - began > seconds:
            break
    return {"reader": reader.name, "values": tried, "defects": [defect] if defect else []}


def _play(school: School, gateway: str, role: str, effort: Effort, progress: Progress) -> Figures:
    bar = progress.add_task(f"requests as {role}", total=None)
    done = play(school, DOCUMENT, gateway, role, effort, partial(progress.advance, bar))
    done.note_lock_out()
    progress.update(bar, total=1, completed=1)
    return _figures(done)


def _figures(done: Round) -> Figures:
    return {
        "role": done.role,
        "requests": done.requests,
        "operations": len(done.operations),
        "seconds": round(done.seconds, 1),
        "led_to": dict(sorted(done.led_to.items())),
        "answers": {str(status): count for status, count in sorted(done.answers.items())},
        "defects": done.defects,
    }


def _show(console: Console, figures: Figures) -> None:
    for part in [*figures["readers"], *figures["rounds"]]:
        for defect in part["defects"]:
            console.print(f"[red]✗[/] {part.get('role', part.get('reader'))}: {defect}", markup=True)
    console.print(f"{figures['values']} values read, {figures['requests']} requests, {figures['defects']} defects")
    console.print(f"{Path(HOME / 'latest.json')}")


if __name__ == "__main__":
    typer.run(main)
