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


@dataclass(frozen=True)
class Curve:
    """A number that depends on another: `series` has one value for each of `x` and side."""

    name: str
    unit: str
    over: str
    x: list[int]
    series: dict[str, list[float]]


def show(rows: Sequence[Row], console: Console) -> None:
    """One line a row."""
    table = Table("what", "value", "unit", "reference", "ratio", "bar", "held", box=None)
    for row in rows:
        reference = _number(row.reference) if row.reference else ""
        held = "[green]yes[/]" if row.held else "[red]no[/]"
        table.add_row(row.name, _number(row.value), row.unit, reference, str(row.ratio or ""), row.bar, held)
    console.print(table)


def write(rows: Sequence[Row], curves: Sequence[Curve], path: Path, **facts: object) -> None:
    """The file that others read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    measured = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), **facts}
    listed = [
        {**asdict(row), "value": round(row.value, 3), "reference": _rounded(row.reference), "ratio": row.ratio}
        for row in rows
    ]
    drawn = [{**asdict(curve), "series": _rounded_series(curve)} for curve in curves]
    path.write_text(json.dumps({**measured, "rows": listed, "curves": drawn}, indent=2) + "\n")


def _rounded_series(curve: Curve) -> dict[str, list[float]]:
    return {side: [round(value, 1) for value in values] for side, values in curve.series.items()}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
