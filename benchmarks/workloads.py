"""The workloads: sizes, data, and how a call is timed.

Every peer does the same work on the same data, from the same weights.

window        one step of training: forward, back through time, clip, Adagrad
lossFun       the drop-in function of the notebook on lists: forward, back, clip, fresh gradients
sample        the drop-in function of the notebook: 200 characters
model_sample  200 characters by the fastest way that a peer has, with random numbers of its own
batched       one step of training over B streams of the text, Adagrad
batched_adam  the same with Adam
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from oracle import notebook

SEED = 2015
SAMPLED = 200
CLIP = 5.0
ADAGRAD_EPS = 1e-8  # under the root
BETA1, BETA2, ADAM_EPS = 0.9, 0.999, 1e-8

Call: TypeAlias = Callable[[int], Any]
"""``call(n)`` does the work n times and returns the last loss, or the last indices drawn."""


class NotDoneError(Exception):
    """This peer does not do this workload."""


@dataclass(frozen=True)
class Sizes:
    """Vocabulary, hidden units, steps of a window, streams; by default the notebook's."""

    H: int = 100
    V: int = 173
    T: int = 25
    B: int = 1


@dataclass(frozen=True)
class Workload:
    """What is timed: a kind of work, how large, in which type, with which update."""

    name: str
    dtype: str = "float64"
    sizes: Sizes = field(default_factory=Sizes)
    optimizer: str = "adagrad"
    learning_rate: float = 0.1
    lively: bool = False  # first weights so large that every part of the network shows

    @property
    def label(self) -> str:
        """Its name, with H where there are several."""
        return f"{self.name} H={self.sizes.H}" if self.sizes.B > 1 else self.name

    @property
    def trains(self) -> bool:
        """Whether a call ends in a loss, not in indices drawn."""
        return self.name not in ("sample", "model_sample")

    def weights(self) -> notebook.Parameters:
        """Return the first weights."""
        sizes = self.sizes
        rng = np.random.default_rng(SEED)
        params = notebook.init(sizes.V, sizes.H, rng, self.dtype)
        if self.lively:  # but not chaotic: float32 follows float64
            params.Wxh *= 100
            params.Whh *= 7
            params.Why *= 30
        return params

    def windows(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Return inputs and targets, both (windows, T, B), of the text in B equal parts."""
        sizes, ixes = self.sizes, text(self.sizes)
        part = len(ixes) // sizes.B
        n = (part - 2) // sizes.T
        begins = np.arange(sizes.B) * part
        at = begins + np.arange(n * sizes.T)[:, None]
        shape = (n, sizes.T, sizes.B)
        return ixes[at].reshape(shape), ixes[at + 1].reshape(shape)


def of_a_framework(
    workload: Workload, train: Callable[[Workload], Call], sample: Callable[[Workload], Call]
) -> Call:
    """Return the work of a peer that trains and samples but has no drop-in functions."""
    if workload.name in ("lossFun", "sample"):
        raise NotDoneError(f"no {workload.name}: it has no drop-in functions")
    return train(workload) if workload.trains else sample(workload)


def text(sizes: Sizes) -> npt.NDArray[np.int32]:
    """Indices with the frequencies of a natural text (Zipf's law).

    There are 400 windows of the notebook's, 100 of each of several streams; then all repeats. One
    index more than the parts need, so that any way of rounding gives parts of the same length.
    """
    windows = 400 if sizes.B == 1 else 100
    length = sizes.B * (sizes.T * windows + 2) + 1
    share = 1 / np.arange(1.0, sizes.V + 1)
    rng = np.random.default_rng(SEED)
    return rng.choice(sizes.V, length, p=share / share.sum()).astype(np.int32)


def _batched(H: int, optimizer: str) -> Workload:
    name, rate = {"adagrad": ("batched", 0.01), "adam": ("batched_adam", 1e-3)}[optimizer]
    return Workload(name, "float32", Sizes(H, V=65, T=50, B=50), optimizer, rate)


ALL = [
    *(
        Workload(name, dtype)
        for name in ("window", "lossFun", "sample", "model_sample")
        for dtype in ("float64", "float32")
    ),
    *(_batched(H, optimizer) for optimizer in ("adagrad", "adam") for H in (128, 256, 512)),
]
NAMES = tuple(dict.fromkeys(workload.name for workload in ALL))


def timed(call: Call, samples: int = 15, seconds: float = 0.02) -> list[float]:
    """Time ``call(n)`` and return microseconds a call, each the mean of some 20 ms of calls."""
    call(1)  # what compiles at its first call does so here
    n = 1
    while (elapsed := _seconds(call, n)) < seconds:
        n = max(2 * n, int(n * seconds / max(elapsed, 1e-6)))
    return [_seconds(call, n) / n * 1e6 for _ in range(samples)]


def _seconds(call: Call, n: int) -> float:
    begin = time.perf_counter()
    call(n)
    return time.perf_counter() - begin
