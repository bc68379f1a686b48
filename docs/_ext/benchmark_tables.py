"""The measured tables: whatever the programs in `benchmarks/` wrote as JSON, with its machine.

``run.py`` writes figures (a workload, a peer), ``scaling.py`` curves, ``scoring.py`` microseconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from generated import Generated
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

__all__ = ["page", "setup"]

Row = tuple[str, ...]
WORKLOADS = {
    "window": "A training step",
    "lossFun": "The drop-in lossFun",
    "sample": "The drop-in sample, 200 characters",
    "model_sample": "A sample of 200 characters, the fastest way",
    "batched": "A training step over streams, Adagrad",
    "batched_adam": "A training step over streams, Adam",
}


def page(report: dict[str, Any]) -> list[str]:
    """Return a report as lines of reStructuredText.

    Raises
    ------
    ValueError
        If it is of no program that is known here.
    """
    if "figures" in report:
        lines = list(_figures(report["figures"]))
    elif "curves" in report:
        lines = list(_curves(report["curves"]))
    elif "microseconds" in report:
        lines = list(_microseconds(report))
    else:
        raise ValueError(
            f"the report has {', '.join(report)}, expected figures, curves or microseconds"
        )
    return [*lines, *_machine(report)]


def _machine(report: dict[str, Any]) -> Iterator[str]:
    machine = report["machine"]
    versions = dict.fromkeys(figure["version"] for figure in report.get("figures", []))
    python = machine["python"].split()[0]
    yield f"{machine['cpu']}; {machine['system']}; Python {python}; {machine['date']}."
    yield ""
    if versions:
        yield from (f"{'; '.join(versions)}.".replace("|", r"\|"), "")


def _figures(figures: list[dict[str, Any]]) -> Iterator[str]:
    for (label, dtype), block in groupby(
        figures, lambda figure: (figure["workload"], figure["dtype"])
    ):
        rows = [_figure_row(figure) for figure in block]
        yield from _table(f"{_title(label)}, {dtype}", ("", "median", "x NumPy", "x least"), rows)


def _title(label: str) -> str:
    name, _, size = label.partition(" ")
    return f"{WORKLOADS.get(name, name)}{f', {size}' if size else ''}"


def _figure_row(figure: dict[str, Any]) -> Row:
    if "note" in figure:
        return (figure["version"], figure["note"].split(":")[0], "", "")
    over = figure.get("times_baseline")
    faster = f"{over:.1f}" if over is not None else ""
    ours = figure["version"]
    return (ours, f"{figure['median_us']:,.0f}", faster, f"{figure['times_bound']:.2f}")


def _curves(curves: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    for name, points in curves.items():
        rows = [
            (str(point["value"]), f"{point['median_us']:,.0f}", f"{point['gflops']:.1f}",
             f"{point['times_bound']:.2f}" if "times_bound" in point else "")
            for point in points
        ]  # fmt: skip
        yield from _table(
            f"A training step over {name}", (name, "median", "GFLOP/s", "x least"), rows
        )


def _microseconds(report: dict[str, Any]) -> Iterator[str]:
    rows = [(name, f"{us:.2f}") for name, us in report["microseconds"].items()]
    yield from _table("A character", ("", "microseconds"), rows)
    rows = [(name, f"{times:.2f}") for name, times in report["ratios"].items()]
    yield from _table("Times as fast", ("", "times"), rows)


def _table(title: str, heads: Row, rows: Iterable[Row]) -> Iterator[str]:
    yield from (f".. rubric:: {title}", "") if title else ()
    yield from (".. list-table::", "   :header-rows: 1", "   :class: figures", "")
    for row in (heads, *rows):
        yield from (f"   {'* -' if at == 0 else '  -'} {cell}" for at, cell in enumerate(row))
    yield ""


def summary(report: dict[str, Any]) -> list[str]:
    """Return the few figures that say most as lines of reStructuredText: NumPy's and crnn's."""
    us = {
        (figure["workload"], figure["dtype"], figure["peer"]): figure["median_us"]
        for figure in report["figures"]
        if "median_us" in figure
    }
    rows = []
    for name in ("window", "lossFun", "sample"):
        theirs = us[name, "float64", "notebook"]
        ours = [us[name, dtype, "compiled"] for dtype in ("float64", "float32")]
        cells = [f"{time:,.0f} ({theirs / time:.0f} times)" for time in ours]
        rows.append((WORKLOADS[name], f"{theirs:,.0f}", *cells))
    heads = ("microseconds", "NumPy float64", "crnn float64", "crnn float32")
    machine = report["machine"]
    return [*_table("", heads, rows), f"{machine['cpu']}, {machine['date']}.", ""]


class BenchmarkTables(Generated):
    """``.. benchmark-tables:: ../../benchmarks/results/run.json``: the tables of one report."""

    def lines(self) -> list[str]:
        """Return the tables."""
        return page(json.loads(self.text_of()))


class BenchmarkSummary(Generated):
    """``.. benchmark-summary:: ../benchmarks/results/run.json``: the table of the front page."""

    def lines(self) -> list[str]:
        """Return the table."""
        return summary(json.loads(self.text_of()))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directives to Sphinx."""
    app.add_directive("benchmark-summary", BenchmarkSummary)
    app.add_directive("benchmark-tables", BenchmarkTables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
