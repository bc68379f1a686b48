"""Does a peer do the work it is timed at? Its losses and samples against the notebook's operations.

The reference computes in float64 with one call of the notebook's loss_fun a stream and knows
nothing of the peers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from oracle import notebook
from workloads import (
    ADAGRAD_EPS,
    ADAM_EPS,
    BETA1,
    BETA2,
    CLIP,
    Call,
    Sizes,
    Workload,
)

WINDOWS = 20
TOLERANCE = {"float32": 1e-5, "float64": 1e-6}
LEARNING_RATE = 0.001
SAMPLES = 50
SIGMAS = 5.0


def checkable(workload: Workload) -> Workload:
    """Return the workload as it is checked: few streams, a small learning rate, lively weights."""
    sizes = Sizes(H=32, V=27, T=10, B=5) if workload.sizes.B > 1 else workload.sizes
    return replace(workload, sizes=sizes, learning_rate=LEARNING_RATE, lively=True)


def verdict(workload: Workload, call: Call) -> tuple[bool, str]:
    """Say whether ``call``, made for a checkable workload, does that work."""
    if not workload.trains:
        return _samples(workload, call)
    losses = np.array([float(call(1)) for _ in range(WINDOWS)])
    expected = np.fromiter(_losses(workload), float, WINDOWS)
    error = float(np.abs(losses / expected - 1).max())
    return error <= TOLERANCE[workload.dtype], f"losses differ by {error:.1e} at most"


def _losses(workload: Workload) -> Iterator[float]:
    """Yield the loss of window after window."""
    params = replace(workload, dtype="float64").weights()
    inputs, targets = workload.windows()
    first, second = params.zeros(), params.zeros()
    hs = [np.zeros_like(params.bh)] * workload.sizes.B
    for i in range(WINDOWS):
        streams = zip(inputs[i].T.tolist(), targets[i].T.tolist(), hs, strict=True)
        results = [notebook.loss_fun(params, *stream, clip=np.inf) for stream in streams]
        yield float(np.mean([result[0] for result in results]))
        if workload.name == "lossFun":
            continue  # the parameters stay, and so does hprev
        hs = [result[-1] for result in results]
        for k, w in enumerate(params.arrays()):
            d = np.clip(np.mean([result[1 + k] for result in results], axis=0), -CLIP, CLIP)
            w -= LEARNING_RATE * _step(workload, i + 1, d, first.arrays()[k], second.arrays()[k])


def _step(workload: Workload, step: int, d: Any, m: Any, v: Any) -> Any:
    """Return the direction of an update; the memories m and v change in place."""
    if workload.optimizer == "adagrad":
        m += d * d
        return d / np.sqrt(m + ADAGRAD_EPS)
    m[...] = BETA1 * m + (1 - BETA1) * d
    v[...] = BETA2 * v + (1 - BETA2) * d * d
    return m / (1 - BETA1**step) / (np.sqrt(v / (1 - BETA2**step)) + ADAM_EPS)


def _samples(workload: Workload, call: Call) -> tuple[bool, str]:
    """Compare how surprising the drawn characters are with how surprising they should be.

    Given what was drawn before, -ln p[ix] has the mean and the variance that p says; the sum of
    its deviations is a martingale, normal after thousands of draws.
    """
    deviation = variance = 0.0
    for _ in range(SAMPLES):
        ixes = [int(ix) for ix in call(1)]
        p = _probabilities(workload, [0, *ixes[:-1]])
        surprise = -np.log(p)
        mean = (p * surprise).sum(axis=1)
        deviation += float((surprise[np.arange(len(ixes)), ixes] - mean).sum())
        variance += float(((p * surprise**2).sum(axis=1) - mean**2).sum())
    sigmas = deviation / variance**0.5
    return abs(sigmas) < SIGMAS, f"samples surprise by {sigmas:+.1f} standard deviations"


def _probabilities(workload: Workload, inputs: list[int]) -> npt.NDArray[np.float64]:
    params = replace(workload, dtype="float64").weights()
    h, rows = np.zeros_like(params.bh), []
    for x in inputs:
        h = np.tanh(params.Wxh[:, [x]] + params.Whh @ h + params.bh)
        p = np.exp(params.Why @ h + params.by)
        rows.append((p / p.sum()).ravel())
    return np.array(rows)
