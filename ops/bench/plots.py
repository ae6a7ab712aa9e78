"""The results as pictures, PNG and SVG."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

from ops.bench.report import Curve, Row

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.figure import Figure

HELD, MISSED = "#2a7f62", "#b3432b"


def draw(rows: Sequence[Row], curves: Sequence[Curve], directory: Path) -> None:
    """ratios.* shows each row that has a reference, growth.* the curves."""
    compared = [row for row in rows if row.ratio is not None]
    if compared:
        _draw_ratios(compared, directory)
    if curves:
        _draw_curves(curves, directory)


def _draw_ratios(rows: Sequence[Row], directory: Path) -> None:
    figure, axes = pyplot.subplots(figsize=(11, 1 + 0.4 * len(rows)))
    names = [row.name for row in rows][::-1]
    ratios = [row.ratio or 0 for row in rows][::-1]
    bars = axes.barh(names, ratios, color=[HELD if row.held else MISSED for row in rows][::-1])
    axes.bar_label(bars, [f"{row.ratio:g}  ({row.bar})" for row in rows][::-1], padding=4)
    axes.set_xscale("log")
    axes.axvline(1, color="grey", linewidth=0.8)
    axes.set_xlabel("times the reference of the same run")
    axes.margins(x=0.35)
    _save(figure, directory / "ratios")


def _draw_curves(curves: Sequence[Curve], directory: Path) -> None:
    figure, grid = pyplot.subplots(1, len(curves), figsize=(4 * len(curves), 3.4), squeeze=False)
    for axes, curve in zip(grid[0], curves, strict=True):
        for side, values in curve.series.items():
            axes.plot(curve.x, values, marker="o", label=side)
        if curve.x[-1] > 10 * curve.x[0]:
            axes.set_xscale("log")
        axes.set_xticks(curve.x, [f"{x:,}" for x in curve.x])
        axes.minorticks_off()
        axes.set_ylim(bottom=0)
        axes.set_title(curve.name, fontsize=10)
        axes.set_xlabel(curve.over)
        axes.set_ylabel(curve.unit)
        axes.legend(fontsize=8)
    _save(figure, directory / "growth")


def _save(figure: Figure, path: Path) -> None:
    figure.tight_layout()
    for kind in ("png", "svg"):
        # Without the date two runs with the same numbers give the same file.
        metadata = {"Date": None} if kind == "svg" else None
        figure.savefig(path.with_suffix(f".{kind}"), dpi=120, metadata=metadata)
    pyplot.close(figure)
