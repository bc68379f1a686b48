"""The figures as a table."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

NUMBERS = ("median_us", "min_us", "max_us", "times_baseline", "times_bound")


def show(figures: list[dict[str, Any]]) -> None:
    """Print one table a size."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for figure in figures:
        sizes = figure["sizes"]
        parts = [f"{name}={sizes[name]}" for name in ("V", "T", "B")]
        if sizes["B"] == 1:
            parts.insert(0, f"H={sizes['H']}")
        groups.setdefault(tuple(parts), []).append(figure)
    for key, group in groups.items():
        Console().print(_table(" ".join(key), group))


def _table(sizes: str, figures: list[dict[str, Any]]) -> Table:
    table = Table(title=f"{sizes}, one core, microseconds a call (samples: 200 characters)")
    for column in ("workload", "dtype", "peer"):
        table.add_column(column)
    for column in ("median", "min", "max", "x NumPy", "x bound"):
        table.add_column(column, justify="right")
    table.add_column("times faster than")
    for before, figure in zip([None, *figures], figures, strict=False):
        if before is not None and _block(before) != _block(figure):
            table.add_section()
        table.add_row(*(figure[name] for name in ("workload", "dtype", "version")), *_cells(figure))
    return table


def _block(figure: dict[str, Any]) -> tuple[str, str]:
    return figure["workload"], figure["dtype"]


def _cells(figure: dict[str, Any]) -> list[str]:
    if "note" in figure:
        return [""] * len(NUMBERS) + [figure["note"]]
    cells = [f"{figure[name]:.1f}" if name in figure else "" for name in NUMBERS]
    rivals = figure.get("faster_than", {})
    return [*cells, ", ".join(f"{rival} {times:.1f}" for rival, times in rivals.items())]
