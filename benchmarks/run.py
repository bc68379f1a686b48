"""Time crnn beside its peers: each in fresh processes, in turn, on one core; medians.

python benchmarks/run.py                     a table
python benchmarks/run.py --json result.json  and all figures, with machine and versions
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]  # workloads, peers; the oracle

import workloads  # noqa: E402

PEERS = {"notebook": ["float64", "float32"], "compiled": ["float64", "float32"]}
BASELINE = ("notebook", "float64")

Key = tuple[str, str, str]  # workload, peer, dtype


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", default=3, show_default=True, help="Fresh processes of each peer.")
@click.option("--core", type=int, help="Core to pin to.  [default: the last one allowed]")
@click.option("--json", "path", type=click.Path(), help="Write all figures to this file.")
@click.option("--only", hidden=True, help="Time one peer here: workload,peer,dtype.")
def main(rounds: int, core: int | None, path: str | None, only: str | None) -> None:
    if only is not None:
        workload, peer, dtype = only.split(",")
        click.echo(json.dumps(_time_here(workload, peer, dtype)))
        return
    core = max(os.sched_getaffinity(0)) if core is None else core
    figures = _time_all(rounds, core)
    _print(figures)
    if path is not None:
        report = {"machine": _machine(core), "sizes": vars(workloads.Sizes()), "figures": figures}
        Path(path).write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def _time_here(workload: str, peer: str, dtype: str) -> dict[str, Any]:
    """Time one workload of one peer in this process."""
    module = importlib.import_module(f"peers.{peer}")
    timing = workloads.timed(module.work(workload, dtype, workloads.Sizes()))
    return {"version": module.version(), "microseconds": timing.microseconds}


def _time_all(rounds: int, core: int) -> list[dict[str, Any]]:
    """Time every peer in turn, round after round, so that a slow spell hits all of them."""
    keys: list[Key] = [
        (workload, peer, dtype)
        for workload in workloads.NAMES
        for peer, dtypes in PEERS.items()
        for dtype in dtypes
    ]
    times: dict[Key, list[float]] = {key: [] for key in keys}
    versions: dict[str, str] = {}
    console = Console(stderr=True)
    for turn in range(rounds):
        for key in keys:
            console.print(f"round {turn + 1} of {rounds}: {' '.join(key)}", style="dim")
            result = _time_in_fresh_process(key, core)
            times[key] += result["microseconds"]
            versions[key[1]] = result["version"]
    return [_figure(key, times, versions) for key in keys]


def _time_in_fresh_process(key: Key, core: int) -> dict[str, Any]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    for slowing in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        environment.pop(slowing, None)  # they would slow NumPy down
    done = subprocess.run(
        [sys.executable, __file__, "--only", ",".join(key)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _figure(key: Key, times: dict[Key, list[float]], versions: dict[str, str]) -> dict[str, Any]:
    workload, peer, dtype = key
    median = statistics.median(times[key])
    baseline = statistics.median(times[(workload, *BASELINE)])
    return {
        "workload": workload,
        "peer": peer,
        "version": versions[peer],
        "dtype": dtype,
        "median_us": round(median, 2),
        "min_us": round(min(times[key]), 2),
        "max_us": round(max(times[key]), 2),
        "times_baseline": round(baseline / median, 2),
    }


def _machine(core: int) -> dict[str, Any]:
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
    return {"cpu": model, "core": core, "system": platform.platform(), "python": sys.version}


def _print(figures: list[dict[str, Any]]) -> None:
    sizes = workloads.Sizes()
    table = Table(
        title=f"H={sizes.H} V={sizes.V} T={sizes.T}, one core, microseconds a call "
        f"(sample: {workloads.SAMPLED} characters)"
    )
    for column in ("workload", "peer", "dtype"):
        table.add_column(column)
    for column in ("median", "min", "max", "x NumPy float64"):
        table.add_column(column, justify="right")
    for before, figure in zip([None, *figures], figures, strict=False):
        if before is not None and before["workload"] != figure["workload"]:
            table.add_section()
        table.add_row(
            *(figure[name] for name in ("workload", "version", "dtype")),
            *(f"{figure[name]:.1f}" for name in ("median_us", "min_us", "max_us")),
            f"{figure['times_baseline']:.1f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
