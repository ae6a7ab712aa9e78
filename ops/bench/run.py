"""One run: everything on one platform of its own, beside its references; results go to docs/bench/."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ops.bench import (
    buying,
    events,
    growth,
    idle,
    logins,
    mixed,
    plots,
    public_reads,
    report,
    signed_in,
    tokens,
)
from ops.bench.ground import Ground
from ops.bench.pace import Pace, pace
from ops.bench.report import Curve, Row
from ops.failure import OpsError
from ops.native import packages
from ops.places import ROOT, TOOLS, VAR

RESULTS = ROOT / "docs" / "bench"
QUICK_RESULTS = VAR / "bench-quick"


@dataclass(frozen=True)
class Bench:
    """`per_round` and `once` say how often it moves the progress bar."""

    measure: Callable[[Ground, Pace], Sequence[Row | Curve]]
    per_round: int = 0
    once: int = 0


BENCHES = {
    # First, before there is anything to do.
    "idle": Bench(idle.measure, once=idle.STEPS),
    "public": Bench(public_reads.measure, public_reads.LOADS),
    "signed-in": Bench(signed_in.measure, signed_in.LOADS),
    "mixed": Bench(mixed.measure, once=mixed.STEPS),
    "tokens": Bench(tokens.measure, once=tokens.STEPS),
    "sign-in": Bench(logins.measure, logins.LOADS),
    "buying": Bench(buying.measure, once=buying.STEPS),
    "events": Bench(events.measure, once=events.STEPS),
    # Last: it leaves many more courses than the others expect.
    "growth": Bench(growth.measure, once=growth.STEPS),
}


def run(names: Sequence[str], quick: bool, console: Console) -> int:
    """Measures and reports; 0 when all bars are held. Only a whole run in earnest is written to docs/bench/."""
    wanted = names or list(BENCHES)
    if unknown := set(wanted) - set(BENCHES):
        raise OpsError(f"No measurement is called {', '.join(sorted(unknown))}.", f"one of: {', '.join(BENCHES)}")
    say = lambda text: console.print(f"  {text}")  # noqa: E731
    packages.ensure((packages.WRK,), TOOLS, say)
    found = _measure([(name, BENCHES[name]) for name in wanted], quick, console)
    rows = [one for one in found if isinstance(one, Row)]
    curves = [one for one in found if isinstance(one, Curve)]
    target = RESULTS if not quick and len(wanted) == len(BENCHES) else QUICK_RESULTS
    report.show(rows, console)
    report.write(rows, curves, target / "latest.json", cores=os.cpu_count())
    plots.draw(rows, curves, target)
    console.print(f"written to {target}", style="dim")
    return 0 if all(row.held for row in rows) else 1


def _measure(wanted: Sequence[tuple[str, Bench]], quick: bool, console: Console) -> list[Row | Curve]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    ground = Ground()
    found: list[Row | Curve] = []
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("start")
        tempo = pace(quick, lambda: progress.advance(task))
        progress.update(task, total=sum(bench.per_round * tempo.rounds + bench.once for _, bench in wanted))
        try:
            ground.open(signed_in.blocks(tempo))
            for name, bench in wanted:
                progress.update(task, description=name)
                ground.settle()
                try:
                    found += bench.measure(ground, tempo)
                except OpsError as error:
                    # The others are still worth having; this one did not hold.
                    found.append(Row(f"{name}: {error.message}", 0, "", "measured", False))
        finally:
            ground.close()
    return found
