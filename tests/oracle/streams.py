"""Training of B parallel streams, in NumPy: what crnn.Trainer must agree with.

The text is cut into B contiguous parts of one length; each is a stream with a hidden state of its
own, and all of them move a window of T steps at a time. From the equations, every stream a row:

    h[t] = tanh(Wxh[:, x[t]] + Whh h[t-1] + bh)      p[t] = softmax(Why h[t] + by)
    loss = mean over the streams of  -sum over t of ln p[t][target[t]]

Gradients are those of that loss, clipped element by element, and an optimizer makes steps of them.
It knows no crnn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from oracle.notebook import Array, Parameters

Indices = npt.NDArray[np.intp]


@dataclass
class State:
    """Where a training of streams stands."""

    params: Parameters
    mean: Parameters  # Adam's first moments
    square: Parameters  # Adam's second moments, or Adagrad's sums of squares
    h: Array  # (B, H)
    position: int  # where the next window of every part begins
    step: int
    loss: float
    smooth_loss: float


def train(
    params: Parameters,
    text: Sequence[int],
    windows: int,
    *,
    seq_length: int,
    batch_size: int,
    optimizer: str,
    learning_rate: float,
    clip: float = 5.0,
) -> State:
    """Train `params` in place and return where that led."""
    length = len(text) // batch_size
    parts = np.array(text[: length * batch_size]).reshape(batch_size, length)
    if length < seq_length + 2:
        raise ValueError(f"a part has {length} indices, expected {seq_length + 2} or more")
    nothing = np.zeros((batch_size, params.hidden_size))
    uniform = seq_length * float(np.log(params.vocab_size))
    s = State(params, params.zeros(), params.zeros(), nothing, 0, 0, uniform, uniform)
    for _ in range(windows):
        if s.position + seq_length + 1 >= length:
            s.position, s.h = 0, nothing
        window = parts[:, s.position : s.position + seq_length + 1]
        s.loss, gradients, s.h = loss_and_gradients(params, window, s.h)
        s.smooth_loss = 0.999 * s.smooth_loss + 0.001 * s.loss
        s.position += seq_length
        s.step += 1
        _descend(s, gradients, optimizer, learning_rate, clip)
    if s.position + seq_length + 1 >= length:
        s.position, s.h = 0, nothing
    return s


def loss_and_gradients(
    params: Parameters, window: Indices, before: Array
) -> tuple[float, Parameters, Array]:
    """Return the loss of a window (B, T + 1), its gradients, and the states after it (B, H)."""
    streams, steps = window.shape[0], window.shape[1] - 1
    every = np.arange(streams)
    hs, errors, loss = [before], [], 0.0
    for t in range(steps):
        z = params.Wxh[:, window[:, t]].T + hs[-1] @ params.Whh.T + params.bh.T
        hs.append(np.tanh(z))
        y = hs[-1] @ params.Why.T + params.by.T
        y -= y.max(axis=1, keepdims=True)
        p = np.exp(y)
        p /= p.sum(axis=1, keepdims=True)
        loss -= float(np.log(p[every, window[:, t + 1]]).sum()) / streams
        p[every, window[:, t + 1]] -= 1
        errors.append(p / streams)  # of the loss by y
    d = params.zeros()
    dh = np.zeros_like(before)
    for t in reversed(range(steps)):
        d.Why += errors[t].T @ hs[t + 1]
        d.by += errors[t].sum(axis=0)[:, None]
        dz = (dh + errors[t] @ params.Why) * (1 - hs[t + 1] ** 2)
        np.add.at(d.Wxh.T, window[:, t], dz)
        d.Whh += dz.T @ hs[t]
        d.bh += dz.sum(axis=0)[:, None]
        dh = dz @ params.Whh
    return loss, d, hs[-1]


def _descend(
    s: State, gradients: Parameters, optimizer: str, learning_rate: float, clip: float
) -> None:
    """Step number s.step of an optimizer, in place."""
    each = zip(*(x.arrays() for x in (s.params, gradients, s.mean, s.square)), strict=True)
    for w, gradient, mean, square in each:
        d: Any = np.clip(gradient, -clip, clip)
        if optimizer == "adagrad":
            square += d * d
            w -= learning_rate * d / np.sqrt(square + 1e-8)
        elif optimizer == "adam":
            mean += 0.1 * (d - mean)
            square += 0.001 * (d * d - square)
            unbiased = mean / (1 - 0.9**s.step), square / (1 - 0.999**s.step)
            w -= learning_rate * unbiased[0] / (np.sqrt(unbiased[1]) + 1e-8)
        else:
            raise ValueError(f"optimizer is {optimizer!r}")
