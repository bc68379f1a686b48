"""The character-level RNN of the notebook, in NumPy: what crnn must agree with.

The same operations in the same order as Karpathy's min-char-rnn (sizes V vocabulary, H hidden,
T steps), but as functions of their parameters instead of globals:

    h[t] = tanh(Wxh x[t] + Whh h[t-1] + bh)    y[t] = Why h[t] + by    p[t] = exp(y) / sum exp(y)
    loss = -sum over t of ln p[t][target[t]]

Everything is computed in the type of the parameters. The softmax is the notebook's, which
overflows for large y; only `loss_only` guards against that. It knows no clever step and no crnn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
LossAndGradients = tuple[Any, Array, Array, Array, Array, Array, Array]


@dataclass
class Parameters:
    """What is learned; also the shape of the gradients and of Adagrad's memory."""

    Wxh: Array  # (H, V)
    Whh: Array  # (H, H)
    Why: Array  # (V, H)
    bh: Array  # (H, 1)
    by: Array  # (V, 1)

    def arrays(self) -> tuple[Array, Array, Array, Array, Array]:
        """Return the five arrays in the notebook's order."""
        return self.Wxh, self.Whh, self.Why, self.bh, self.by

    def zeros(self) -> Parameters:
        """Return zeros of the same shapes and type."""
        return Parameters(*(np.zeros_like(array) for array in self.arrays()))

    def copy(self) -> Parameters:
        """Return an independent copy."""
        return Parameters(*(array.copy() for array in self.arrays()))

    @property
    def vocab_size(self) -> int:
        """V."""
        return int(self.Wxh.shape[1])

    @property
    def hidden_size(self) -> int:
        """H."""
        return int(self.Wxh.shape[0])


@dataclass
class State:
    """Where a training stands after its last step."""

    params: Parameters
    memory: Parameters  # Adagrad's sums of squares
    hprev: Array  # (H, 1)
    position: int  # where the next window begins, unless the text has to wrap
    smooth_loss: Any


def init(
    vocab_size: int,
    hidden_size: int,
    rng: np.random.Generator,
    dtype: npt.DTypeLike = np.float64,
    scale: float = 0.01,
) -> Parameters:
    """Draw weights from N(0, scale^2), in the order Wxh, Whh, Why; biases are zero."""
    shapes = [(hidden_size, vocab_size), (hidden_size, hidden_size), (vocab_size, hidden_size)]
    weights = [(rng.standard_normal(shape) * scale).astype(dtype) for shape in shapes]
    biases = [np.zeros((size, 1), dtype) for size in (hidden_size, vocab_size)]
    return Parameters(*weights, *biases)


def loss_fun(
    params: Parameters,
    inputs: Sequence[int],
    targets: Sequence[int],
    hprev: Array,
    clip: float = 5.0,
) -> LossAndGradients:
    """Return loss, dWxh, dWhh, dWhy, dbh, dby and the last hidden state (H, 1).

    Gradients are clipped to [-clip, clip]; ``clip=np.inf`` leaves them as they are.
    """
    xs, hs, ps, loss = _forward(params, inputs, targets, hprev)
    grads = _backward(params, targets, xs, hs, ps)
    for gradient in grads.arrays():
        np.clip(gradient, -clip, clip, out=gradient)
    return loss, *grads.arrays(), hs[-1]


def loss_only(
    params: Parameters, inputs: Sequence[int], targets: Sequence[int], hprev: Array
) -> Any:
    """Return the loss of a window; parameters may be complex, for complex-step derivatives."""
    h, loss = hprev, 0
    for x, target in zip(inputs, targets, strict=True):
        h, y = _step(params, _one_hot(params, x), h)
        y = y - y.real.max()
        loss = loss + np.log(np.sum(np.exp(y))) - y[target, 0]
    return loss


def sample(
    params: Parameters,
    h: Array,
    seed_ix: int,
    n: int,
    choice: Callable[..., Any] = np.random.choice,
) -> list[int]:
    """Return n indices drawn from the model after it has read `seed_ix` in the state `h`.

    ``choice(range(V), p=p)`` draws one index, from NumPy's global state like the notebook.
    """
    x = _one_hot(params, seed_ix)
    drawn = []
    for _ in range(n):
        h, y = _step(params, x, h)
        ix = choice(range(params.vocab_size), p=_softmax(y).ravel())
        x = _one_hot(params, ix)
        drawn.append(int(ix))
    return drawn


def train(
    params: Parameters,
    data_ix: Sequence[int],
    steps: int,
    seq_length: int = 25,
    learning_rate: float = 0.1,
) -> tuple[list[Any], State]:
    """Train `params` in place for `steps` windows of the text, as the notebook's main loop does.

    Returns the smooth loss after every step and the state at the end.
    """
    if len(data_ix) < seq_length + 2:
        raise ValueError(f"data_ix has {len(data_ix)} indices, expected {seq_length + 2} or more")
    memory = params.zeros()
    hprev = np.zeros_like(params.bh)
    position = 0
    smooth_loss: Any = -np.log(1.0 / params.vocab_size) * seq_length
    history = []
    for _ in range(steps):
        if position + seq_length + 1 >= len(data_ix):
            hprev, position = np.zeros_like(params.bh), 0
        inputs = data_ix[position : position + seq_length]
        targets = data_ix[position + 1 : position + seq_length + 1]
        loss, *gradients, hprev = loss_fun(params, inputs, targets, hprev)
        smooth_loss = smooth_loss * 0.999 + loss * 0.001
        _adagrad(params, gradients, memory, learning_rate)
        position += seq_length
        history.append(smooth_loss)
    return history, State(params, memory, hprev, position, smooth_loss)


def _forward(
    params: Parameters, inputs: Sequence[int], targets: Sequence[int], hprev: Array
) -> tuple[list[Array], list[Array], list[Array], Any]:
    """Return one-hot inputs, hidden states (hprev first: hs[t + 1] is h[t]), ps and the loss."""
    xs, hs, ps, loss = [], [np.copy(hprev)], [], 0
    for x, target in zip(inputs, targets, strict=True):
        xs.append(_one_hot(params, x))
        h, y = _step(params, xs[-1], hs[-1])
        hs.append(h)
        ps.append(_softmax(y))
        loss += -np.log(ps[-1][target, 0])
    return xs, hs, ps, loss


@np.errstate(invalid="ignore")  # as below
def _backward(
    params: Parameters,
    targets: Sequence[int],
    xs: list[Array],
    hs: list[Array],
    ps: list[Array],
) -> Parameters:
    """Return the gradients of the loss of `_forward`, from the last step to the first."""
    grads = params.zeros()
    dhnext = np.zeros_like(params.bh)
    for t in reversed(range(len(targets))):
        h, hbefore = hs[t + 1], hs[t]
        dy = ps[t].copy()
        dy[targets[t]] -= 1  # p - onehot(target)
        grads.Why += np.dot(dy, h.T)
        grads.by += dy
        dh = np.dot(params.Why.T, dy) + dhnext
        dhraw = (1 - h * h) * dh
        grads.bh += dhraw
        grads.Wxh += np.dot(dhraw, xs[t].T)
        grads.Whh += np.dot(dhraw, hbefore.T)
        dhnext = np.dot(params.Whh.T, dhraw)
    return grads


# BLAS may raise the flag for lanes of a vector that belong to no result; a NaN in a result fails
# every comparison.
@np.errstate(invalid="ignore")
def _step(params: Parameters, x: Array, h: Array) -> tuple[Array, Array]:
    """Return the next hidden state (H, 1) and the logits (V, 1)."""
    h = np.tanh(np.dot(params.Wxh, x) + np.dot(params.Whh, h) + params.bh)
    return h, np.dot(params.Why, h) + params.by


def _softmax(y: Array) -> Array:
    p: Array = np.exp(y) / np.sum(np.exp(y))
    return p


def _one_hot(params: Parameters, ix: int) -> Array:
    x = np.zeros((params.vocab_size, 1), params.Wxh.dtype)
    x[ix] = 1
    return x


def _adagrad(
    params: Parameters, gradients: Sequence[Array], memory: Parameters, learning_rate: float
) -> None:
    """Update parameters and memory in place."""
    for param, dparam, mem in zip(params.arrays(), gradients, memory.arrays(), strict=True):
        mem += dparam * dparam
        param += -learning_rate * dparam / np.sqrt(mem + 1e-8)
