"""The workloads: sizes, data, and how a call is timed.

Every peer does the same work on the same data.

window    one step of training: forward, back through time, clip, Adagrad
lossFun   the drop-in function of the notebook on lists: forward, back, clip, fresh gradients
sample    the drop-in function of the notebook: 200 characters
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SEED = 2015
SAMPLED = 200
NAMES = ("window", "lossFun", "sample")


@dataclass(frozen=True)
class Sizes:
    """Of the reference notebook."""

    H: int = 100
    V: int = 173
    T: int = 25


def text(sizes: Sizes, windows: int = 400) -> npt.NDArray[np.int32]:
    """Indices with the frequencies of a natural text (Zipf's law), a window's worth repeated."""
    share = 1 / np.arange(1.0, sizes.V + 1)
    rng = np.random.default_rng(SEED)
    return rng.choice(sizes.V, sizes.T * windows + 2, p=share / share.sum()).astype(np.int32)


@dataclass(frozen=True)
class Timing:
    """Microseconds a call: one number a sample, each the mean of some 20 ms of calls."""

    microseconds: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.microseconds)


def timed(call: Callable[[int], None], samples: int = 15, seconds: float = 0.02) -> Timing:
    """Time ``call(n)``, which does the work n times; n is such that a sample is long enough."""
    n = 1
    while (elapsed := _seconds(call, n)) < seconds:
        n = max(2 * n, int(n * seconds / max(elapsed, 1e-6)))
    return Timing([_seconds(call, n) / n * 1e6 for _ in range(samples)])


def _seconds(call: Callable[[int], None], n: int) -> float:
    begin = time.perf_counter()
    call(n)
    return time.perf_counter() - begin
