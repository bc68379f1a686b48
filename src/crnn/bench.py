"""Figures of this machine: crnn, the notebook's operations in NumPy, and what is possible.

`run` measures in a process of its own (``python -m crnn.bench SECONDS``): there NumPy's BLAS can be
held to one thread and the process to one core, and nothing that the caller did is in the way. The
two speak in lines of JSON. All programs take turns, round after round, so that a slow spell of the
machine hits them all; figures are medians over the rounds.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import cycle
from typing import Any, Final, TypeAlias

import numpy as np

import crnn
from crnn import roofline
from crnn.machine import cpu_name
from crnn.reference import Notebook

__all__ = ["WORKLOADS", "run"]

Report: TypeAlias = dict[str, Any]
Calls: TypeAlias = dict[str, Callable[[int], object]]  # by workload: the work, n times
Key: TypeAlias = tuple[str, str, str]  # program, dtype, workload

WORKLOADS = {
    "window": "training step",
    "lossFun": "drop-in lossFun",
    "sample": "drop-in sample",
    "model.sample": "RNN.sample",
}
_NUMPYS = {"window": "window", "lossFun": "lossFun", "sample": "sample", "model.sample": "sample"}
_DTYPES = ("float64", "float32")
_H, _V, _T = 100, 173, 25  # of the reference notebook
_SAMPLED = 200  # characters of one call
LONGEST: Final = 86_400  # seconds: nobody waits longer
_SLICE = 0.02  # seconds that a program is timed for at a turn
_MEASURING = 0.05  # share of the time that goes to the limits
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
     "VECLIB_MAXIMUM_THREADS"), "1"
)  # fmt: skip
_SLOWING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # may keep NumPy from being what it can be


# --- For the caller ------------------------------------------------------------------------------


def run(seconds: float = 10.0, progress: Callable[[float], None] | None = None) -> Report:
    """Measure this machine, in a process of its own.

    Parameters
    ----------
    seconds : float
        How long to measure, about; the start of the process and one turn of each program come on
        top.
    progress : callable, optional
        Called now and then with the part that is done, from 0 to 1.

    Returns
    -------
    dict
        What JSON can hold: "crnn", "isa", "machine", "sizes", "rounds", "limits" as of
        `crnn.roofline.Limits`, "share", the part of the core's time that the programs had while
        they were timed, and "figures": one dict for each workload and type with the medians
        "crnn", "numpy" and "bound" in microseconds, and how many times faster than NumPy and slower
        than the bound that is, "times_numpy" and "times_bound".

    Raises
    ------
    ValueError
        If `seconds` is not above 0, or more than a day.
    ChildProcessError
        If the process ends without a report (an OSError).
    """
    if not 0 < seconds <= LONGEST:
        raise ValueError(f"seconds is {seconds}, expected more than 0 and at most {LONGEST:,}")
    environment = {name: value for name, value in os.environ.items() if name not in _SLOWING}
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "crnn.bench", str(seconds)],
        env=environment | _ONE_THREAD,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a Ctrl-C is the caller's alone: it ends this process itself
    ) as process:
        try:
            return _listen(process, progress or (lambda done: None))
        except BaseException:
            process.kill()
            raise


def _listen(process: subprocess.Popen[str], progress: Callable[[float], None]) -> Report:
    """Return the report of a process that measures."""
    assert process.stdout is not None
    for line in process.stdout:
        said = json.loads(line)
        if "figures" in said:
            report: Report = said
            return report
        progress(said["done"])
    raise ChildProcessError(
        f"the process that measures ended with status {process.wait()} and no report"
    )


# --- The workloads -------------------------------------------------------------------------------


def _text() -> list[int]:
    """Return indices with the frequencies of a natural text (Zipf's law)."""
    share = 1 / np.arange(1.0, _V + 1)
    drawn = np.random.default_rng(2015).choice(_V, 400 * _T + 2, p=share / share.sum())
    ixes: list[int] = drawn.tolist()
    return ixes


def _windows(ixes: list[int]) -> Iterator[tuple[list[int], list[int]]]:
    """Yield inputs and targets, window after window, without an end."""
    for at in cycle(range(0, len(ixes) - _T - 1, _T)):
        yield ixes[at : at + _T], ixes[at + 1 : at + _T + 1]


def _repeated(call: Callable[[], object]) -> Callable[[int], object]:
    """Return a function that calls so often."""

    def repeat(n: int) -> None:
        for _ in range(n):
            call()

    return repeat


def _crnn_calls(dtype: str) -> Calls:
    parameters = Notebook(_H, _V, dtype).parameters
    ixes, h = _text(), np.zeros((_H, 1), dtype)
    windows = _windows(ixes)
    loss_fun, sample = crnn.bind(*parameters)
    characters = "".join(map(chr, range(_V)))
    model = crnn.RNN.from_arrays(characters, *parameters)
    trained = crnn.RNN.from_arrays(characters, *parameters)
    trainer = crnn.Trainer(trained, np.array(ixes), seq_length=_T, sample_every=0)
    return {
        "window": trainer.train,
        "lossFun": _repeated(lambda: loss_fun(*next(windows), h)),
        "sample": _repeated(lambda: sample(h, 0, _SAMPLED)),
        "model.sample": _repeated(lambda: model.sample(_SAMPLED, seed=0)),
    }


def _numpy_calls(dtype: str) -> Calls:
    trained, notebook = Notebook(_H, _V, dtype), Notebook(_H, _V, dtype)
    windows, h = _windows(_text()), np.zeros((_H, 1), dtype)
    return {
        "window": _repeated(lambda: trained.train_window(*next(windows), h)),
        "lossFun": _repeated(lambda: notebook.loss_fun(*next(windows), h)),
        "sample": _repeated(lambda: notebook.sample(h, 0, _SAMPLED)),
    }


def _bounds(limits: roofline.Limits, dtype: str) -> dict[str, float]:
    """Return the least seconds of each workload."""
    ixes = _text()
    distinct = [len(set(ixes[at : at + _T])) for at in range(0, len(ixes) - _T - 1, _T)]
    step = roofline.bound(
        limits, H=_H, V=_V, T=_T, dtype=dtype, columns=int(statistics.mean(distinct))
    )
    character = roofline.sample_bound(limits, H=_H, V=_V, dtype=dtype)
    return {
        "window": step.seconds,
        "lossFun": step.gemms + step.recurrence,
        "sample": character,
        "model.sample": character,
    }


# --- In the process that measures ----------------------------------------------------------------


@dataclass
class _Timed:
    """What ``work(n)`` does n times, and the seconds that one took, a mean for each turn."""

    work: Callable[[int], object]
    calls: int = 1  # at a turn
    seconds: list[float] = field(default_factory=list)

    def calibrate(self, seconds: float) -> None:
        """Warm up, and find how many calls take so long."""
        while (elapsed := self._elapsed()) < seconds / 2:
            self.calls *= 2
        self.calls = max(1, round(self.calls * seconds / elapsed))

    def take_a_turn(self) -> None:
        self.seconds.append(self._elapsed() / self.calls)

    def _elapsed(self) -> float:
        begin = time.perf_counter()
        self.work(self.calls)
        return time.perf_counter() - begin


def _measure(seconds: float, say: Callable[[Report], None]) -> Report:
    """Return the report of this machine, measured in this process."""
    begin, core = time.perf_counter(), _pin()
    say({"done": 0.0})
    limits = roofline.measure(seconds=min(1.0, _MEASURING * seconds))
    timed = _all_timed(min(_SLICE, _MEASURING * seconds))
    rounds, done, wall, busy = 0, 0.0, time.perf_counter(), time.process_time()
    while rounds == 0 or done < 1:
        for one in timed.values():
            one.take_a_turn()
        rounds, done = rounds + 1, (time.perf_counter() - begin) / seconds
        say({"done": min(done, 1.0)})
    return {
        "crnn": crnn.__version__,
        "isa": limits.isa,
        "machine": _machine(core),
        "sizes": {"hidden_size": _H, "vocabulary_size": _V, "seq_length": _T},
        "rounds": rounds,
        "share": min(1.0, (time.process_time() - busy) / (time.perf_counter() - wall)),
        "limits": asdict(limits),
        "figures": [
            _figure(workload, dtype, timed, _bounds(limits, dtype)[workload])
            for workload in WORKLOADS
            for dtype in _DTYPES
        ],
    }


def _all_timed(turn: float) -> dict[Key, _Timed]:
    """Return the calls of all programs, warm, each so often that a turn takes so many seconds."""
    timed = {
        (program, dtype, workload): _Timed(call)
        for dtype in _DTYPES
        for program, calls in (("crnn", _crnn_calls(dtype)), ("numpy", _numpy_calls(dtype)))
        for workload, call in calls.items()
    }
    for one in timed.values():
        one.calibrate(turn)
    return timed


def _figure(workload: str, dtype: str, timed: dict[Key, _Timed], least: float) -> Report:
    """Return one row: medians and the bound in microseconds, and their ratios."""
    each = _SAMPLED if workload.endswith("sample") else 1
    ours = statistics.median(timed["crnn", dtype, workload].seconds) / each
    theirs = statistics.median(timed["numpy", dtype, _NUMPYS[workload]].seconds) / each
    return {
        "workload": workload,
        "dtype": dtype,
        "crnn": 1e6 * ours,
        "numpy": 1e6 * theirs,
        "bound": 1e6 * least,
        "times_numpy": theirs / ours,
        "times_bound": ours / least,
    }


def _pin() -> int | None:
    """Hold this process to one core, if the system can; return its number."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def _machine(core: int | None) -> Report:
    return {
        "cpu": cpu_name(),
        "core": core,
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": _blas(),
    }


def _blas() -> str:
    """Return the name of the library that multiplies matrices for NumPy."""
    try:
        config: Any = np.show_config(mode="dicts")
        blas = config["Build Dependencies"]["blas"]
        return f"{blas['name']} {blas['version']}"
    except (ImportError, KeyError, TypeError):
        return "an unknown BLAS"


def _main() -> None:
    """Measure for as many seconds as the command line says, and write lines of JSON."""

    def say(what: Report) -> None:
        os.write(1, json.dumps(what).encode("ascii") + b"\n")

    try:
        say(_measure(float(sys.argv[1]), say))
    except BrokenPipeError:
        sys.exit(1)  # nobody listens any more


if __name__ == "__main__":
    _main()
