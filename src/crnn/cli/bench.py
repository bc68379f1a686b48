"""``crnn bench``: how fast this machine is, beside NumPy and beside what is possible."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from crnn import bench
from crnn.cli.output import guarded, in_terminal, write
from crnn.cli.program import HELP_NAMES, explained
from crnn.cli.quantities import count
from crnn.cli.visible import visible

__all__ = ["command"]

_WIDTH = 100  # of a table that nobody's terminal limits
_QUIET = 0.95  # share of the core's time from which on it counts as ours


@click.command("bench", context_settings=HELP_NAMES, short_help="Time crnn on this machine.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, max=bench.LONGEST, min_open=True),
    metavar="X",
    default=10.0,
    show_default=True,
    help="How long to measure, about. Longer is steadier.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def command(seconds: float, as_json: bool) -> None:
    """Time crnn on this machine, beside NumPy and beside what is possible.

    Times one training step, the drop-in functions and samples at the sizes of the reference
    notebook, in float64 and float32: crnn's, and the notebook's operations in NumPy. Figures are
    medians over rounds in which all take turns, on one core and one thread.

    The bound is the time that the arithmetic alone takes at this core's peak, with matrices read
    from its caches as fast as it can; both are measured first. Nothing reaches it.
    """
    with explained():
        report = _measured(seconds)
    if as_json:
        write(json.dumps(report, indent=2, allow_nan=False) + "\n")
    else:
        _print(report)


def _measured(seconds: float) -> dict[str, Any]:
    """Measure, and show how far that is to whoever looks."""
    looking = sys.stderr is not None and sys.stderr.isatty()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"))
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not looking
    ) as shown:
        task = shown.add_task("Measuring", total=1.0)
        return bench.run(seconds, lambda done: shown.update(task, completed=done))


def _print(report: dict[str, Any]) -> None:
    with guarded():
        console = Console(highlight=False, width=None if in_terminal() else _WIDTH)
        console.print(_table(report))
        for line in _lines(report):
            console.print(visible(line), markup=False, soft_wrap=True)


def _table(report: dict[str, Any]) -> Table:
    sizes = report["sizes"]
    table = Table(
        title=f"Microseconds a call, of samples a character; H={sizes['hidden_size']} "
        f"V={sizes['vocabulary_size']} T={sizes['seq_length']}",
        title_justify="left",
    )
    table.add_column("", no_wrap=True)
    table.add_column("type")
    for column in ("crnn", "NumPy", "NumPy / crnn", "bound", "crnn / bound"):
        table.add_column(column, justify="right")
    for figure in report["figures"]:
        times = ("crnn", "numpy", "times_numpy", "bound", "times_bound")
        cells = (
            f"{figure[name]:.2f}" if figure[name] < 10 else f"{figure[name]:.1f}" for name in times
        )
        table.add_row(bench.WORKLOADS[figure["workload"]], figure["dtype"], *cells)
    return table


def _lines(report: dict[str, Any]) -> list[str]:
    """Return what the figures are of."""
    machine, limits = report["machine"], report["limits"]
    core = "not held to one core" if machine["core"] is None else f"core {machine['core']}"
    caches = [f"{limits[f'l{level}_bytes'] // 1024:,} KiB" for level in (1, 2)]
    bandwidths = [f"{limits[f'l{level}_bandwidth'] / 1e9:.0f}" for level in (1, 2, 3)]
    lines = [
        f"{machine['cpu']}, {core}, {limits['clock'] / 1e9:.2f} GHz; "
        f"crnn {report['crnn']} ({report['isa']}), Python {machine['python']}, "
        f"NumPy {machine['numpy']} with {machine['blas']} on one thread",
        f"Peak: {limits['float64_peak'] / 1e9:.1f} (float64) and "
        f"{limits['float32_peak'] / 1e9:.1f} (float32) billion multiply-adds a second",
        f"Loads: {bandwidths[0]} GB/s from the first cache ({caches[0]}), {bandwidths[1]} from the "
        f"second ({caches[1]}), {bandwidths[2]} from beyond; {count(report['rounds'], 'round')}",
    ]
    if report["share"] < _QUIET:
        lines.append(
            f"This core was busy with something else for {1 - report['share']:.0%} of the "
            "time: the figures are too high, the bound is not"
        )
    return lines
