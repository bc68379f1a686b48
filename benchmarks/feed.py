"""What one character costs: `state.feed(x, out=p)` from Python, and `feed_one` from Cython.

    python benchmarks/feed.py [--hidden-size 100] [--vocab-size 65]

Compiles a loop against the installed crnn, as an embedding program would, measures both in turn in
one process, and prints medians beside the least time in which this core can load Whh and Why. Pin
it: ``taskset -c 1 python benchmarks/feed.py``.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shlex
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import crnn
from crnn.roofline import measure, sample_bound

ROUNDS = 15
TIMES = 20_000


def compiled(folder: Path) -> Any:
    """Return feed_loop.pyx as a module."""
    source, c_file = Path(__file__).with_name("feed_loop.pyx"), folder / "feed_loop.c"
    name = "feed_loop" + str(sysconfig.get_config_var("EXT_SUFFIX"))
    cc = shlex.split(os.environ.get("CC", "cc"))
    includes = [f"-I{sysconfig.get_path('include')}", f"-I{crnn.get_include()}"]
    subprocess.run([sys.executable, "-m", "cython", source, "-o", c_file], check=True)
    flags = ["-O2", "-shared", "-fPIC", *includes]
    subprocess.run([*cc, *flags, str(c_file), "-o", str(folder / name)], check=True)
    spec = importlib.util.spec_from_file_location("feed_loop", folder / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) / TIMES


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--hidden-size", type=int, default=100)
    parser.add_argument("--vocab-size", type=int, default=65)
    sizes = parser.parse_args()
    V, H = sizes.vocab_size, sizes.hidden_size
    model = crnn.RNN("".join(map(chr, range(V))), hidden_size=H, seed=1)
    state, p = model.state(), np.empty(V, np.float32)

    def from_python() -> None:
        for _ in range(TIMES):
            state.feed(3, out=p)

    with tempfile.TemporaryDirectory() as folder:
        loop = compiled(Path(folder))
        ways: dict[str, Callable[[], None]] = {
            "state.feed(x, out=p), Python": from_python,
            "state.feed_one(x, p), Cython": lambda: loop.feed(state.core, 3, p, TIMES),
        }
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                times[name].append(seconds(way))
    limits = measure()
    least = sample_bound(limits, H=H, V=V)
    machine = f"{crnn.isa()}, about {limits.clock / 1e9:.2f} GHz"
    print(f"H={H} V={V} float32, {machine}; least {least * 1e6:.2f} us")
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"{name}: {median * 1e6:.2f} us a character, {median / least:.2f} times the least")


if __name__ == "__main__":
    main()
