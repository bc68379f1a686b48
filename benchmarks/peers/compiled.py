"""crnn itself."""

from __future__ import annotations

from itertools import cycle

import numpy as np
from workloads import SAMPLED, SEED, Call, Workload, text

import crnn


def version() -> str:
    return f"crnn {crnn.__version__} ({crnn.isa()})"


def work(workload: Workload) -> Call:
    works = {"lossFun": _loss_fun, "sample": _sample, "model_sample": _model_sample}
    return works.get(workload.name, _train)(workload)


def trainer(workload: Workload, threads: int = 1) -> crnn.Trainer:
    """Return a trainer that begins with the workload's weights."""
    return crnn.Trainer(
        _model(workload),
        text(workload.sizes),
        seq_length=workload.sizes.T,
        batch_size=workload.sizes.B,
        optimizer=workload.optimizer,
        learning_rate=workload.learning_rate,
        threads=threads,
        sample_every=0,
    )


def _model(workload: Workload) -> crnn.RNN:
    characters = "".join(map(chr, range(workload.sizes.V)))
    return crnn.RNN.from_arrays(characters, *workload.weights().arrays())


def _train(workload: Workload) -> Call:
    training = trainer(workload)

    def call(n: int) -> float:
        training.train(n - 1)
        before = training.smooth_loss
        training.train(1)
        return (training.smooth_loss - 0.999 * before) / 0.001

    return call


def _loss_fun(workload: Workload) -> Call:
    lossFun, _ = crnn.bind(*workload.weights().arrays())
    inputs, targets = (ixes[:, :, 0].tolist() for ixes in workload.windows())
    at = cycle(range(len(inputs)))
    hprev = np.zeros((workload.sizes.H, 1), workload.dtype)

    def call(n: int) -> float:
        for _, i in zip(range(n), at, strict=False):
            loss = lossFun(inputs[i], targets[i], hprev)[0]
        return loss

    return call


def _sample(workload: Workload) -> Call:
    _, sample = crnn.bind(*workload.weights().arrays())
    h = np.zeros((workload.sizes.H, 1), workload.dtype)

    def call(n: int) -> list[int]:
        for _ in range(n):
            ixes = sample(h, 0, SAMPLED)
        return ixes

    return call


def _model_sample(workload: Workload) -> Call:
    model = _model(workload)
    seeds = iter(range(SEED, 1 << 62))

    def call(n: int) -> list[int]:
        for _ in range(n):
            drawn = model.sample(SAMPLED, prime="\0", seed=next(seeds))
        return list(map(ord, drawn))

    return call
