"""The notebook's operations in NumPy, in its order: the baseline.

Streams are columns: what is (H, 1) and (V, 1) in the notebook is (H, B) and (V, B) in the batched
workloads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from oracle import notebook
from workloads import (
    ADAGRAD_EPS,
    ADAM_EPS,
    BETA1,
    BETA2,
    CLIP,
    SAMPLED,
    Call,
    Workload,
)

Array = npt.NDArray[Any]
Update: TypeAlias = Callable[[notebook.Parameters, Sequence[Array]], None]


def version() -> str:
    return f"NumPy {np.__version__}"


def work(workload: Workload) -> Call:
    if workload.sizes.B > 1:
        return _batched(workload)
    return {"window": _window, "lossFun": _loss_fun}.get(workload.name, _sample)(workload)


def _window(workload: Workload) -> Call:
    params = workload.weights()
    update = _adagrad(params, workload.learning_rate)
    inputs, targets = (ixes[:, :, 0].tolist() for ixes in workload.windows())
    at = cycle(range(len(inputs)))
    hprev = np.zeros_like(params.bh)

    def call(n: int) -> Any:
        nonlocal hprev
        for _, i in zip(range(n), at, strict=False):
            hprev = hprev if i else np.zeros_like(hprev)
            loss, *gradients, hprev = notebook.loss_fun(params, inputs[i], targets[i], hprev)
            update(params, gradients)
        return loss

    return call


def _loss_fun(workload: Workload) -> Call:
    params = workload.weights()
    inputs, targets = (ixes[:, :, 0].tolist() for ixes in workload.windows())
    at = cycle(range(len(inputs)))
    hprev = np.zeros_like(params.bh)

    def call(n: int) -> Any:
        for _, i in zip(range(n), at, strict=False):
            loss = notebook.loss_fun(params, inputs[i], targets[i], hprev)[0]
        return loss

    return call


def _sample(workload: Workload) -> Call:
    params = workload.weights()
    hprev = np.zeros_like(params.bh)

    def call(n: int) -> Any:
        for _ in range(n):
            ixes = notebook.sample(params, hprev, 0, SAMPLED)
        return ixes

    return call


def _batched(workload: Workload) -> Call:
    params = workload.weights()
    updates = {"adagrad": _adagrad, "adam": _adam}
    update = updates[workload.optimizer](params, workload.learning_rate)
    inputs, targets = workload.windows()
    at = cycle(range(len(inputs)))
    hprev = np.zeros((workload.sizes.H, workload.sizes.B), workload.dtype)

    def call(n: int) -> Any:
        nonlocal hprev
        for _, i in zip(range(n), at, strict=False):
            hprev = hprev if i else np.zeros_like(hprev)
            hs, ps, loss = _forward(params, inputs[i], targets[i], hprev)
            gradients = _backward(params, inputs[i], hs, ps)
            for gradient in gradients:
                np.clip(gradient, -CLIP, CLIP, out=gradient)
            update(params, gradients)
            hprev = hs[-1]
        return loss

    return call


def _forward(
    params: notebook.Parameters, inputs: Array, targets: Array, hprev: Array
) -> tuple[list[Array], list[Array], Any]:
    """Return hidden states (hprev first), gradients of the logits, and the loss."""
    hs, dys, loss = [hprev], [], 0
    streams = np.arange(inputs.shape[1])
    for x, target in zip(inputs, targets, strict=True):
        hs.append(np.tanh(params.Wxh[:, x] + params.Whh @ hs[-1] + params.bh))
        p = np.exp(params.Why @ hs[-1] + params.by)
        p /= p.sum(axis=0)
        loss -= np.log(p[target, streams]).mean()
        p[target, streams] -= 1
        p /= len(streams)
        dys.append(p)
    return hs, dys, loss


def _backward(
    params: notebook.Parameters, inputs: Array, hs: list[Array], dys: list[Array]
) -> Sequence[Array]:
    """Return the gradients, from the last step to the first."""
    grads = params.zeros()
    dhnext = np.zeros_like(hs[0])
    one_hot = np.eye(params.vocab_size, dtype=dhnext.dtype)
    for t in reversed(range(len(inputs))):
        h, dy = hs[t + 1], dys[t]
        grads.Why += dy @ h.T
        grads.by += dy.sum(axis=1, keepdims=True)
        dhraw = (1 - h * h) * (params.Why.T @ dy + dhnext)
        grads.bh += dhraw.sum(axis=1, keepdims=True)
        grads.Wxh += dhraw @ one_hot[inputs[t]]  # np.add.at is slower
        grads.Whh += dhraw @ hs[t].T
        dhnext = params.Whh.T @ dhraw
    return grads.arrays()


def _adagrad(params: notebook.Parameters, rate: float) -> Update:
    memory = params.zeros()

    def update(params: notebook.Parameters, gradients: Sequence[Array]) -> None:
        for w, d, m in zip(params.arrays(), gradients, memory.arrays(), strict=True):
            m += d * d
            w += -rate * d / np.sqrt(m + ADAGRAD_EPS)

    return update


def _adam(params: notebook.Parameters, rate: float) -> Update:
    first, second, step = params.zeros(), params.zeros(), 0

    def update(params: notebook.Parameters, gradients: Sequence[Array]) -> None:
        nonlocal step
        step += 1
        right = np.sqrt(1 - BETA2**step)
        size = rate * right / (1 - BETA1**step)
        memories = zip(first.arrays(), second.arrays(), strict=True)
        for w, d, (m, v) in zip(params.arrays(), gradients, memories, strict=True):
            m += (1 - BETA1) * (d - m)
            v += (1 - BETA2) * (d * d - v)
            w -= (size * m / (np.sqrt(v) + ADAM_EPS * right)).astype(w.dtype)

    return update
