"""Time every peer in turn, round after round, so that a slow spell hits all of them.

Each (peer, workload) has a fresh process in each round; so have the machine's limits.
"""

from __future__ import annotations

import importlib
import statistics
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import check
import machine
import roofline
import workloads
from peers import OURS, PEERS
from rich.console import Console
from workloads import NotDoneError, Workload

RUN = str(Path(__file__).parent / "run.py")
BASELINE = ("notebook", "float64")
MISSING = "not installed: pip install 'crnn[peers]'"

Figure: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[int, str]  # number in workloads.ALL, peer


def here(order: str) -> Any:
    """Do in this process what `machine.fresh` was asked for; what is returned becomes JSON."""
    what, _, rest = order.partition(",")
    if what == "limits":
        return roofline.measured(workloads.ALL)
    number, peer = rest.split(",")
    workload = workloads.ALL[int(number)]
    try:
        module = importlib.import_module(f"peers.{peer}")
        if what == "check":
            workload = check.checkable(workload)
            right, said = check.verdict(workload, module.work(workload))
            return {"version": module.version(), "right": right, "said": said}
        times = workloads.timed(module.work(workload))
        return {"version": module.version(), "microseconds": times}
    except NotDoneError as reason:
        return {"not done": str(reason)}
    except ModuleNotFoundError:
        return {"note": MISSING}


def asked(what: str, key: Key, core: int) -> dict[str, Any]:
    """Return what `here` says of one peer and workload in a fresh process."""
    try:
        answer: dict[str, Any] = machine.fresh([RUN, "--here", f"{what},{key[0]},{key[1]}"], {core})
    except machine.FailedError as reason:
        return {"note": f"failed: {reason}"}
    return answer


def timed(keys: list[Key], rounds: int, core: int) -> tuple[list[Figure], list[dict[str, Any]]]:
    """Return a figure for every key whose peer does the workload, and the limits of each round."""
    answers: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    limits: list[dict[str, Any]] = []
    console = Console(stderr=True)
    for turn in range(rounds):
        limits.append(machine.fresh([RUN, "--here", "limits"], {core}))
        for key in keys:
            workload = workloads.ALL[key[0]]
            console.print(
                f"round {turn + 1} of {rounds}: {workload.label} {workload.dtype} {key[1]}",
                style="dim",
            )
            answers[key].append(asked("time", key, core))
    figures = [
        _figure(key, answers[key], statistics.median(of["bounds"][key[0]] for of in limits))
        for key in keys
    ]
    figures = [figure for figure in figures if "not done" not in figure]
    _compare(figures)
    return figures, [of["limits"] for of in limits]


def _figure(key: Key, answers: list[dict[str, Any]], bound: float) -> Figure:
    workload: Workload = workloads.ALL[key[0]]
    figure: Figure = {"workload": workload.label, **asdict(workload), "peer": key[1]}
    figure |= {"family": PEERS[key[1]]}
    bad = next((answer for answer in answers if "microseconds" not in answer), None)
    if bad is not None:
        return figure | {"version": PEERS[key[1]]} | bad
    times = [us for answer in answers for us in answer["microseconds"]]
    median = statistics.median(times)
    return figure | {
        "version": answers[0]["version"],
        "median_us": round(median, 2),
        "min_us": round(min(times), 2),
        "max_us": round(max(times), 2),
        "bound_us": round(bound, 2),
        "times_bound": round(median / bound, 2),
    }


def _compare(figures: list[Figure]) -> None:
    """Add to each figure how it stands to the baseline, and crnn's to the best of each family."""
    timed = [figure for figure in figures if "median_us" in figure]
    for figure in timed:
        same = [other for other in timed if other["workload"] == figure["workload"]]
        double = any(other["dtype"] == BASELINE[1] for other in same)
        for other in same:
            if other["peer"] == BASELINE[0] and (not double or other["dtype"] == BASELINE[1]):
                figure["times_baseline"] = round(other["median_us"] / figure["median_us"], 2)
        if figure["family"] == OURS:
            rivals = [other for other in same if other["dtype"] == figure["dtype"]]
            figure["faster_than"] = _faster(figure["median_us"], rivals)


def _faster(median: float, rivals: list[Figure]) -> dict[str, float]:
    best: dict[str, float] = {}
    for rival in rivals:
        if rival["family"] != OURS:
            before = best.get(rival["family"], rival["median_us"])
            best[rival["family"]] = min(before, rival["median_us"])
    nearest_first = sorted(best.items(), key=lambda item: item[1])
    return {family: round(us / median, 2) for family, us in nearest_first}
