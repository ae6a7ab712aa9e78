"""Rows of a measurement, as a table and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One number. `reference` is another's of the same run, None without one; `bar` says what is promised."""

    name: str
    value: float
    unit: str
    bar: str
    held: bool
    reference: float | None = None

    @classmethod
    def at_least(cls, name: str, value: float, unit: str, bar: float, reference: float | None = None) -> "Row":
        """More is better. The bar is for the ratio to the reference, or for the value when there is none."""
        measured = value / reference if reference else value
        return cls(name, value, unit, f"at least {bar:g}{' times' if reference else ''}", measured >= bar, reference)

    @classmethod
    def at_most(cls, name: str, value: float, unit: str, bar: float, reference: float | None = None) -> "Row":
        """Less is better. The bar as in `at_least`."""
        measured = value / reference if reference else value
        return cls(name, value, unit, f"at most {bar:g}{' times' if reference else ''}", measured <= bar, reference)

    @property
    def ratio(self) -> float | None:
        """How many times the reference."""
        return round(self.value / self.reference, 2) if self.reference else None


def show(rows: Sequence[Row], console: Console) -> None:
    """One line a row."""
    table = Table("what", "value", "unit", "reference", "ratio", "bar", "held", box=None)
    for row in rows:
        reference = _number(row.reference) if row.reference else ""
        held = "[green]yes[/]" if row.held else "[red]no[/]"
        table.add_row(row.name, _number(row.value), row.unit, reference, str(row.ratio or ""), row.bar, held)
    console.print(table)


def write(rows: Sequence[Row], path: Path, **facts: object) -> None:
    """The file that others read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    measured = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), **facts}
    listed = [
        {**asdict(row), "value": round(row.value, 3), "reference": _rounded(row.reference), "ratio": row.ratio}
        for row in rows
    ]
    path.write_text(json.dumps({**measured, "rows": listed}, indent=2) + "\n")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
