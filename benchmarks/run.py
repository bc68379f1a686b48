"""Time crnn beside its peers: each in fresh processes, in turn, on one core; medians.

\b
python benchmarks/run.py                         a table
python benchmarks/run.py --json result.json      and all figures, with machine and versions
python benchmarks/run.py --picture result.png    and a picture
python benchmarks/run.py --from result.json --picture result.png    without timing
python benchmarks/run.py --check                 do all peers compute the same?

"x NumPy" compares with NumPy in float64 (batched: float32) on the same workload, "x bound" with the
time that the machine's limits allow.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]  # workloads, peers; the oracle

import check  # noqa: E402
import machine  # noqa: E402
import rounds as rounds_of  # noqa: E402
import table  # noqa: E402
import workloads  # noqa: E402
from peers import PEERS  # noqa: E402


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", default=3, show_default=True, help="Fresh processes of each peer.")
@click.option("--core", type=int, help="Core to pin to.  [default: the last one allowed]")
@click.option("--workloads", "names", help=f"Some of: {', '.join(workloads.NAMES)}.")
@click.option("--peers", help=f"Some of: {', '.join(PEERS)}.")
@click.option("--json", "path", type=click.Path(), help="Write all figures to this file.")
@click.option("--from", "source", type=click.Path(exists=True), help="Read figures, time nothing.")
@click.option("--picture", type=click.Path(), help="Draw the figures into this file.")
@click.option("--check", "checking", is_flag=True, help="Compare losses and samples; time nothing.")
@click.option("--here", hidden=True, help="What a fresh process is to do.")
def main(
    rounds: int,
    core: int | None,
    names: str | None,
    peers: str | None,
    path: str | None,
    source: str | None,
    picture: str | None,
    checking: bool,
    here: str | None,
) -> None:
    if here is not None:
        click.echo(json.dumps(rounds_of.here(here)))
        return
    core = machine.last_core() if core is None else core
    if checking:
        _check(_keys(names, peers), core)
        return
    if source is None:
        figures, limits = rounds_of.timed(_keys(names, peers), rounds, core)
        report: dict[str, Any] = {
            "machine": machine.described(core),
            "limits": limits,
            "figures": figures,
        }
    else:
        report = json.loads(Path(source).read_text("utf-8"))
    table.show(report["figures"])
    if path is not None:
        Path(path).write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    if picture is not None:
        _draw(report, picture)
    if any(figure.get("note", "").startswith("failed") for figure in report["figures"]):
        raise SystemExit(1)


def _keys(names: str | None, peers: str | None) -> list[rounds_of.Key]:
    """Return the workloads and peers that were asked for, all by default."""
    wanted = _chosen("workloads", names, workloads.NAMES)
    programs = _chosen("peers", peers, tuple(PEERS))
    numbers = [n for n, workload in enumerate(workloads.ALL) if workload.name in wanted]
    return [(number, peer) for number in numbers for peer in programs]


def _chosen(option: str, given: str | None, known: tuple[str, ...]) -> list[str]:
    if given is None:
        return list(known)
    chosen = given.split(",")
    for name in chosen:
        if name not in known:
            raise click.BadParameter(f"{name!r} is none of {', '.join(known)}", param_hint=option)
    return chosen


def _check(keys: list[rounds_of.Key], core: int) -> None:
    """Print whether each peer does the work it is timed at; end with 1 if one does not."""
    wrong, seen = False, set()
    for number, peer in keys:
        workload = check.checkable(workloads.ALL[number])
        if (workload, peer) in seen:
            continue  # the checked sizes are the same
        seen.add((workload, peer))
        answer = rounds_of.asked("check", (number, peer), core)
        if "not done" in answer:
            continue
        missing = answer.get("note") == rounds_of.MISSING
        wrong |= not (missing or answer.get("right", False))
        word = "ok" if answer.get("right") else "--" if missing else "WRONG"
        said = answer.get("said") or answer["note"]
        click.echo(f"{word:5} {workload.name:12} {workload.dtype:8} {peer:14} {said}")
    if wrong:
        raise SystemExit(1)


def _draw(report: dict[str, Any], path: str) -> None:
    import picture  # matplotlib is optional

    picture.draw(report, path)


if __name__ == "__main__":
    main()
