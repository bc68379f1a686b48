"""The reference in NumPy: the notebook's operations in the notebook's order, to be timed.

`crnn bench` compares with it. It is written for nothing but that: arguments are not checked, and
the softmax overflows for large logits, as the notebook's does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Notebook"]

Array: TypeAlias = npt.NDArray[Any]
LossAndGradients: TypeAlias = tuple[float, list[Array], Array]

_CLIP = 5
_LEARNING_RATE = 0.1


class Notebook:
    """Parameters and functions of min-char-rnn.

    Parameters
    ----------
    H, V : int
        Sizes of hidden layer and vocabulary.
    dtype : str
        float64, as in the notebook, or float32.
    seed : int
        Of the first weights.

    Attributes
    ----------
    parameters : list of numpy.ndarray
        Wxh (H, V), Whh (H, H), Why (V, H), bh (H, 1), by (V, 1).

    Examples
    --------
    >>> notebook = Notebook(4, 3, "float64")
    >>> loss, gradients, h = notebook.loss_fun([0, 1], [1, 2], np.zeros((4, 1)))
    >>> round(float(loss), 2), [gradient.shape for gradient in gradients]  # 2 ln 3
    (2.2, [(4, 3), (4, 4), (3, 4), (4, 1), (3, 1)])
    """

    def __init__(self, H: int, V: int, dtype: str, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.parameters: list[Array] = [
            (0.01 * rng.standard_normal(shape)).astype(dtype) for shape in ((H, V), (H, H), (V, H))
        ]
        self.parameters += [np.zeros((H, 1), dtype), np.zeros((V, 1), dtype)]
        self._memory = [np.zeros_like(parameter) for parameter in self.parameters]

    def _one_hot(self, ix: int) -> Array:
        x = np.zeros((self.parameters[0].shape[1], 1), self.parameters[0].dtype)
        x[ix] = 1
        return x

    def loss_fun(
        self, inputs: Sequence[int], targets: Sequence[int], hprev: Array
    ) -> LossAndGradients:
        """Return loss in nats, clipped gradients and the last hidden state of a window."""
        Wxh, Whh, Why, bh, by = self.parameters
        xs, ps, hs, loss = [], [], [np.copy(hprev)], 0.0
        for ix, target in zip(inputs, targets, strict=True):
            xs.append(self._one_hot(ix))
            hs.append(np.tanh(np.dot(Wxh, xs[-1]) + np.dot(Whh, hs[-1]) + bh))
            y = np.dot(Why, hs[-1]) + by
            ps.append(np.exp(y) / np.sum(np.exp(y)))
            loss += -np.log(ps[-1][target, 0])
        gradients = self._backward(targets, xs, hs, ps)
        for gradient in gradients:
            np.clip(gradient, -_CLIP, _CLIP, out=gradient)
        return loss, gradients, hs[-1]

    def _backward(
        self, targets: Sequence[int], xs: list[Array], hs: list[Array], ps: list[Array]
    ) -> list[Array]:
        """Return the gradients; hs[t] is the state before step t."""
        _, Whh, Why, bh, _ = self.parameters
        gradients = [np.zeros_like(parameter) for parameter in self.parameters]
        dWxh, dWhh, dWhy, dbh, dby = gradients
        dhnext = np.zeros_like(bh)
        for t in reversed(range(len(targets))):
            dy = np.copy(ps[t])
            dy[targets[t]] -= 1
            dWhy += np.dot(dy, hs[t + 1].T)
            dby += dy
            dh = np.dot(Why.T, dy) + dhnext
            dhraw = (1 - hs[t + 1] * hs[t + 1]) * dh
            dbh += dhraw
            dWxh += np.dot(dhraw, xs[t].T)
            dWhh += np.dot(dhraw, hs[t].T)
            dhnext = np.dot(Whh.T, dhraw)
        return gradients

    def train_window(
        self, inputs: Sequence[int], targets: Sequence[int], hprev: Array
    ) -> tuple[float, Array]:
        """Update the parameters by Adagrad; return loss and last hidden state of a window."""
        loss, gradients, h = self.loss_fun(inputs, targets, hprev)
        for parameter, gradient, memory in zip(
            self.parameters, gradients, self._memory, strict=True
        ):
            memory += gradient * gradient
            parameter += -_LEARNING_RATE * gradient / np.sqrt(memory + 1e-8)
        return loss, h

    def sample(self, h: Array, seed_ix: int, n: int) -> list[int]:
        """Return n indices drawn after `seed_ix`, with NumPy's global random numbers."""
        Wxh, Whh, Why, bh, by = self.parameters
        x, ixes = self._one_hot(seed_ix), []
        for _ in range(n):
            h = np.tanh(np.dot(Wxh, x) + np.dot(Whh, h) + bh)
            y = np.dot(Why, h) + by
            p = np.exp(y) / np.sum(np.exp(y))
            ix = int(np.random.choice(range(len(by)), p=p.ravel()))
            x = self._one_hot(ix)
            ixes.append(ix)
        return ixes
