"""What a call costs in each of several installations of crnn: small sizes, where calls are all.

    python benchmarks/calls.py one/bin/python other/bin/python

Each Python is started in turn, round after round, on one core, and times short spells of calls; of
the spells it takes the fastest, which no other program disturbed. Prints medians over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

SPELLS = 300
SIZES = ((5, 4, 1), (65, 16, 5), (65, 100, 25))  # V, H, T


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pythons", nargs="*", metavar="PYTHON", help="programs")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        print(json.dumps(here()))
        return
    if not asked.pythons:
        parser.error("name one Python or more")
    core = max(os.sched_getaffinity(0))
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(asked.rounds):
        for python in asked.pythons:
            command = [python, str(Path(__file__).resolve()), "--here"]
            said = subprocess.run(
                command, check=True, capture_output=True, text=True, cwd="/",
                preexec_fn=lambda: os.sched_setaffinity(0, {core}),
            ).stdout  # fmt: skip
            for what, figure in json.loads(said).items():
                found.setdefault(what, {}).setdefault(python, []).append(figure)
    for what, figures in found.items():
        medians = (f"{statistics.median(figures[python]):10.3f}" for python in asked.pythons)
        print(f"{what:34}{''.join(medians)}")


def here() -> dict[str, float]:
    """Return microseconds of calls, and milliseconds of the import beyond NumPy's."""
    import numpy  # noqa: F401, it would count as time of crnn's

    start = time.perf_counter()
    import crnn  # noqa: F401

    found = {"import after NumPy, ms": (time.perf_counter() - start) * 1e3}
    for V, H, T in SIZES:
        found |= {what: fastest(call) * 1e6 for what, call in calls(V, H, T).items()}
    return found


def calls(V: int, H: int, T: int) -> dict[str, Callable[[], object]]:
    """Return calls of small models by what they are."""
    import numpy as np

    import crnn

    sizes, chars = f"V={V} H={H}", "".join(map(chr, range(V)))
    model = crnn.RNN(chars, hidden_size=H, seed=1)
    lossFun, _ = crnn.bind(model.Wxh, model.Whh, model.Why, model.bh, model.by)
    inputs, targets, hprev = [0] * T, [1] * T, np.zeros((H, 1), np.float32)
    state, p, char = model.state(), np.empty(V, np.float32), chars[3]
    return {
        f"lossFun, {sizes} T={T}, us": lambda: lossFun(inputs, targets, hprev),
        f"feed(3, out=p), {sizes}, us": lambda: state.feed(3, out=p),
        f"feed('c', out=p), {sizes}, us": lambda: state.feed(char, out=p),
    }


def fastest(call: Callable[[], object], times: int = 100) -> float:
    spells = []
    for _ in range(SPELLS):
        start = time.perf_counter()
        for _ in range(times):
            call()
        spells.append((time.perf_counter() - start) / times)
    return min(spells)


if __name__ == "__main__":
    main()
