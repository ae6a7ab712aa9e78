"""Rows of a measurement, as a table and as JSON."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ops.places import ROOT

RESULTS = ROOT / "docs" / "bench"


@dataclass(frozen=True)
class Row:
    """One number. `ratio` is value / reference of the same run, None without one; `bar` says what is promised."""

    name: str
    value: float
    unit: str
    bar: str
    held: bool
    reference: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the reference."""
        return round(self.value / self.reference, 2) if self.reference else None


def publish(name: str, rows: list[Row], console: Console) -> Path:
    """Prints the rows and writes docs/bench/<name>.json; returns its path."""
    table = Table("what", "value", "unit", "reference", "ratio", "bar", "held", box=None)
    for row in rows:
        reference = f"{row.reference:.0f}" if row.reference else ""
        held = "[green]yes[/]" if row.held else "[red]no[/]"
        table.add_row(row.name, f"{row.value:.1f}", row.unit, reference, str(row.ratio or ""), row.bar, held)
    console.print(table)
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    measured = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds")}
    path.write_text(
        json.dumps({**measured, "rows": [{**asdict(row), "ratio": row.ratio} for row in rows]}, indent=2) + "\n"
    )
    return path
