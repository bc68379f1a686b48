"""crnn itself."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

import numpy as np
from oracle import notebook
from workloads import SAMPLED, SEED, Sizes, text

import crnn


def version() -> str:
    return f"crnn {crnn.__version__} ({crnn.isa()})"


def work(workload: str, dtype: str, sizes: Sizes) -> Callable[[int], None]:
    """Return ``call(n)``, which does the workload n times."""
    params = notebook.init(sizes.V, sizes.H, np.random.default_rng(SEED), dtype)
    ixes = text(sizes)
    lossFun, draw = crnn.bind(*params.arrays())
    hprev = np.zeros((sizes.H, 1), dtype)
    windows = cycle(range(0, len(ixes) - sizes.T - 1, sizes.T))
    characters = "".join(map(chr, range(sizes.V)))
    model = crnn.RNN.from_arrays(characters, *params.arrays())
    trainer = crnn.Trainer(model, ixes, seq_length=sizes.T, sample_every=0)
    as_list = ixes.tolist()

    def loss_fun(n: int) -> None:
        for _, at in zip(range(n), windows, strict=False):
            inputs, targets = as_list[at : at + sizes.T], as_list[at + 1 : at + sizes.T + 1]
            lossFun(inputs, targets, hprev)

    def sample(n: int) -> None:
        for _ in range(n):
            draw(hprev, 0, SAMPLED)

    def window(n: int) -> None:
        trainer.train(n)

    return {"window": window, "lossFun": loss_fun, "sample": sample}[workload]
