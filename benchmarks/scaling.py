"""How crnn's training step scales: one curve over H, V, T, B and threads each, with odd neighbours.

\b
python benchmarks/scaling.py                                  a table
python benchmarks/scaling.py --json s.json --picture s.png    all figures, and a picture
python benchmarks/scaling.py --from s.json --picture s.png    without timing

The rate counts the products alone, 6 T B H (H + V) operations a step; "x bound" divides the time by
what the machine's limits allow on one core. float32, Adagrad.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]  # workloads, peers; the oracle

import machine  # noqa: E402
import roofline  # noqa: E402
from peers import compiled  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from workloads import Sizes, Workload, timed  # noqa: E402

NOTEBOOK = Workload("window", "float32", Sizes())
BATCHED = Workload("batched", "float32", Sizes(H=256, V=65, T=50, B=32), learning_rate=0.01)


@dataclass(frozen=True)
class Curve:
    """What varies, from where, over which values."""

    name: str
    base: Workload
    values: tuple[int, ...]

    def workload(self, value: int) -> Workload:
        """Return the workload of one point."""
        if self.name == "threads":
            return self.base
        return replace(self.base, sizes=replace(self.base.sizes, **{self.name: value}))


WIDTHS = (16, 31, 32, 33, 48, 64, 65, 95, 96, 97, 100, 127, 128, 129, 192, 255, 256, 257)
WIDE = (384, 511, 512, 513, 768, 1023, 1024)
CURVES = {
    curve.name: curve
    for curve in (
        Curve("H", NOTEBOOK, (*WIDTHS, *WIDE)),
        Curve("V", NOTEBOOK, (27, 32, 63, 64, 65, 96, 127, 128, 129, 173, 255, 256, 257, 511, 512)),
        Curve("T", NOTEBOOK, (5, 8, 10, 15, 16, 17, 24, 25, 26, 32, 50, 64, 75, 100)),
        Curve("B", BATCHED, (1, 2, 3, 4, 6, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 50, 64)),
        Curve("threads", BATCHED, (1, 2, 3, 4, 6, 8)),
    )
}


def here(name: str) -> dict[str, Any]:
    """Time the points of one curve in this process."""
    curve = CURVES[name]
    bounds = roofline.measured([curve.workload(value) for value in curve.values])["bounds"]
    times = [_microseconds(curve, value) for value in curve.values]
    return {"microseconds": times, "bounds": bounds if name != "threads" else [None] * len(times)}


def _microseconds(curve: Curve, value: int) -> float:
    threads = value if curve.name == "threads" else 1
    training = compiled.trainer(curve.workload(value), threads)
    return statistics.median(timed(training.train, samples=7))


def _points(curve: Curve, rounds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a point a value, of the medians over rounds."""
    points = []
    for at, value in enumerate(curve.values):
        sizes = curve.workload(value).sizes
        us = statistics.median(answer["microseconds"][at] for answer in rounds)
        operations = 6 * sizes.T * sizes.B * sizes.H * (sizes.H + sizes.V)
        point = {
            "value": value,
            "median_us": round(us, 2),
            "gflops": round(operations / us / 1e3, 2),
        }
        bounds = [answer["bounds"][at] for answer in rounds]
        if None not in bounds:
            point["times_bound"] = round(us / statistics.median(bounds), 2)
        points.append(point)
    return points


def _measure(names: list[str], rounds: int, core: int) -> dict[str, Any]:
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    console = Console(stderr=True)
    for turn in range(rounds):
        for name in names:
            console.print(f"round {turn + 1} of {rounds}: {name}", style="dim")
            cores = os.sched_getaffinity(0) if name == "threads" else {core}
            answers[name].append(machine.fresh([__file__, "--here", name], cores))
    curves = {name: _points(CURVES[name], answers[name]) for name in names}
    return {"machine": machine.described(core), "curves": curves}


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", default=3, show_default=True, help="Fresh processes of each curve.")
@click.option("--core", type=int, help="Core to pin to.  [default: the last one allowed]")
@click.option("--curves", default=",".join(CURVES), show_default=True, help="Which curves.")
@click.option("--json", "path", type=click.Path(), help="Write all figures to this file.")
@click.option("--from", "source", type=click.Path(exists=True), help="Read figures, time nothing.")
@click.option("--picture", type=click.Path(), help="Draw the curves into this file.")
@click.option("--here", "only", hidden=True, help="Time one curve in this process.")
def main(
    rounds: int,
    core: int | None,
    curves: str,
    path: str | None,
    source: str | None,
    picture: str | None,
    only: str | None,
) -> None:
    if only is not None:
        click.echo(json.dumps(here(only)))
        return
    if source is None:
        core = machine.last_core() if core is None else core
        report = _measure(curves.split(","), rounds, core)
    else:
        report = json.loads(Path(source).read_text("utf-8"))
    _show(report)
    if path is not None:
        Path(path).write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    if picture is not None:
        from picture import draw_curves  # matplotlib is optional

        about = {name: _about(CURVES[name]) for name in report["curves"]}
        draw_curves(report, about, picture)


def _about(curve: Curve) -> str:
    """Return what stays as it is along a curve."""
    return " ".join(f"{k}={v}" for k, v in vars(curve.base.sizes).items() if k != curve.name)


def _show(report: dict[str, Any]) -> None:
    for name, points in report["curves"].items():
        table = Table(title=f"{name}; {_about(CURVES[name])}")
        for column in (name, "microseconds", "GFLOP/s", "x bound"):
            table.add_column(column, justify="right")
        for point in points:
            bound = f"{point['times_bound']:.1f}" if "times_bound" in point else ""
            numbers = (f"{point['median_us']:,.1f}", f"{point['gflops']:.1f}", bound)
            table.add_row(str(point["value"]), *numbers)
        Console().print(table)


if __name__ == "__main__":
    main()
