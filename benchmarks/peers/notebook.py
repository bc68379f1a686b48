"""The notebook's operations in NumPy, in its order: the baseline."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

import numpy as np
from oracle import notebook
from workloads import SAMPLED, SEED, Sizes, text


def version() -> str:
    return f"NumPy {np.__version__}"


def work(workload: str, dtype: str, sizes: Sizes) -> Callable[[int], None]:
    """Return ``call(n)``, which does the workload n times."""
    params = notebook.init(sizes.V, sizes.H, np.random.default_rng(SEED), dtype)
    ixes = text(sizes).tolist()
    hprev = np.zeros((sizes.H, 1), dtype)
    windows = cycle(range(0, len(ixes) - sizes.T - 1, sizes.T))

    def window(n: int) -> None:
        repeated = (ixes * (n * sizes.T // len(ixes) + 1))[: n * sizes.T + 2]
        notebook.train(params, repeated, n, sizes.T)

    def loss_fun(n: int) -> None:
        for _, at in zip(range(n), windows, strict=False):
            inputs, targets = ixes[at : at + sizes.T], ixes[at + 1 : at + sizes.T + 1]
            notebook.loss_fun(params, inputs, targets, hprev)

    def sample(n: int) -> None:
        for _ in range(n):
            notebook.sample(params, hprev, 0, SAMPLED)

    return {"window": window, "lossFun": loss_fun, "sample": sample}[workload]
