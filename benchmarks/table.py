"""The figures as a table: a block a workload and type."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table

NUMBERS = ("median_us", "min_us", "max_us", "times_baseline", "times_bound")
WIDTH = 110  # where nobody says how wide the place is


def show(figures: list[dict[str, Any]]) -> None:
    """Print all figures."""
    table = Table(title="Microseconds a call, one core; a sample is of 200 characters")
    table.add_column("", no_wrap=True)
    for column in ("median", "min", "max", "x NumPy", "x bound"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("times faster than")
    for heading, block in groupby(figures, _heading):
        table.add_row(f"[bold]{heading}[/bold]")
        for figure in block:
            table.add_row(figure["version"], *_cells(figure))
        table.add_section()
    console = Console()
    Console(width=console.width if console.is_terminal else WIDTH).print(table)


def _heading(figure: dict[str, Any]) -> str:
    return f"{figure['workload']}, {figure['dtype']}"


def _cells(figure: dict[str, Any]) -> list[str]:
    if "note" in figure:
        return [""] * len(NUMBERS) + [figure["note"]]
    cells = [_number(figure[name]) if name in figure else "" for name in NUMBERS]
    if "times_bound" in figure:
        cells[-1] = f"{figure['times_bound']:.2f}"
    rivals = figure.get("faster_than", {})
    return [*cells, ", ".join(f"{rival} {times:.1f}" for rival, times in rivals.items())]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}"
