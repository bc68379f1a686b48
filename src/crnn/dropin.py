"""The drop-in: lossFun and sample with the reference's signatures, over the caller's own arrays.

    lossFun, sample = crnn.bind(Wxh, Whh, Why, bh, by)

Arguments are checked here; the arithmetic is in `crnn.core`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn import arguments, core
from crnn.locks import Turns

__all__ = ["bind", "check_parameters"]

Array: TypeAlias = npt.NDArray[Any]
Indices: TypeAlias = Sequence[int] | npt.NDArray[np.integer[Any]]
LossAndGradients: TypeAlias = tuple[float, Array, Array, Array, Array, Array, Array]


class LossFun(Protocol):
    """The type of the reference's lossFun."""

    def __call__(self, inputs: Indices, targets: Indices, hprev: Array) -> LossAndGradients:
        """Return loss, dWxh, dWhh, dWhy, dbh, dby and the last hidden state."""


class Sample(Protocol):
    """The type of the reference's sample."""

    def __call__(self, h: Array, seed_ix: int, n: int) -> list[int]:
        """Return n drawn indices."""


CLIP = 5.0  # the reference clips its gradients to [-5, 5]

_left: object = None  # the lock of np.random, if a thread held it that a fork left behind


def _look_for_what_a_fork_left() -> None:
    """Find out, in a new process of one thread, whether np.random is locked for ever here."""
    global _left
    lock = np.random.get_bit_generator().lock  # type: ignore[attr-defined] # NumPy's stubs lack it
    if lock.acquire(blocking=False):
        lock.release()
    else:
        _left = lock


if hasattr(os, "register_at_fork"):  # where there is a fork
    os.register_at_fork(after_in_child=_look_for_what_a_fork_left)


def bind(Wxh: Array, Whh: Array, Why: Array, bh: Array, by: Array) -> tuple[LossFun, Sample]:
    """Return compiled `lossFun` and `sample` over these parameters.

    The arrays stay the caller's. Every call reads them anew, so ``Wxh += ...`` is seen by the
    next one; ``Wxh = Wxh + ...`` makes a new array that the functions do not know: bind again.

    Parameters
    ----------
    Wxh : numpy.ndarray, shape (H, V)
        Input to hidden. All five are float64, or all five float32; any memory order.
    Whh : numpy.ndarray, shape (H, H)
        Hidden to hidden.
    Why : numpy.ndarray, shape (V, H)
        Hidden to output.
    bh : numpy.ndarray, shape (H, 1)
        Hidden bias.
    by : numpy.ndarray, shape (V, 1)
        Output bias.

    Returns
    -------
    lossFun : callable
        ``loss, dWxh, dWhh, dWhy, dbh, dby, h = lossFun(inputs, targets, hprev)``: the loss in
        nats over the window, its gradients clipped to [-5, 5] in fresh arrays, and the last
        hidden state (H, 1). ``inputs`` and ``targets`` are equally long lists of integers (or
        arrays of an integer type), ``hprev`` is (H, 1) and is left as it was.
    sample : callable
        ``ixes = sample(h, seed_ix, n)``: a list of n indices, drawn after feeding ``seed_ix``
        to the state ``h`` (H, 1), which is left as it was. It takes its random numbers from
        ``np.random``, one ``random_sample()`` an index, as the reference's ``choice`` does. In
        float64 the draws are the reference's (up to the rounding of a probability, about
        V * 1e-16 a draw); in float32 all is computed in float32, and a draw may rarely differ.

    Raises
    ------
    TypeError
        If an array is not a plain float64 or float32 one, or the types are mixed.
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    The functions check every call: an index below 0 or not below V is an IndexError (the
    reference takes -1 for the last character), lists of different length or empty ones, a wrong
    shape and a negative n are ValueErrors, a wrong type is a TypeError. NaN in the parameters
    gives NaN results; `sample` then raises ValueError as the reference does. The softmax
    subtracts the greatest logit first, so that logits over 709 do not overflow, where the
    reference's ``exp(y) / sum(exp(y))`` becomes NaN.

    Both may be called from several threads; calls of one pair take turns.

    Examples
    --------
    >>> import numpy as np, crnn
    >>> H, V = 8, 5
    >>> Wxh, Whh, Why = np.zeros((H, V)), np.zeros((H, H)), np.zeros((V, H))
    >>> bh, by = np.zeros((H, 1)), np.zeros((V, 1))
    >>> lossFun, sample = crnn.bind(Wxh, Whh, Why, bh, by)
    >>> loss, dWxh, dWhh, dWhy, dbh, dby, h = lossFun([0, 1, 2], [1, 2, 3], np.zeros((H, 1)))
    >>> print(round(loss / 3, 6), round(np.log(V), 6))
    1.609438 1.609438
    """
    bound = _Bound(Wxh, Whh, Why, bh, by)
    return bound.lossFun, bound.sample


class _Bound:
    """The caller's five arrays and the workspace for them."""

    def __init__(self, Wxh: Array, Whh: Array, Why: Array, bh: Array, by: Array) -> None:
        self._parameters = check_parameters(Wxh, Whh, Why, bh, by)
        self._shapes = tuple(array.shape for array in self._parameters)
        self._H, self._V = Wxh.shape
        self._dtype = Wxh.dtype
        self._core = core.Borrowed(self._V, self._H, self._dtype == np.float64)
        self._turns = Turns()

    def lossFun(self, inputs: Indices, targets: Indices, hprev: Array) -> LossAndGradients:
        """Return loss, gradients on the parameters and last hidden state; see `bind`."""
        x = arguments.indices("inputs", inputs, self._V)
        y = arguments.indices("targets", targets, self._V)
        if len(x) != len(y):
            raise ValueError(
                f"inputs has {len(x)} indices but targets has {len(y)}, expected one target each"
            )
        h0 = self._hidden("hprev", hprev)
        dWxh = np.zeros((self._H, self._V), self._dtype)
        dWhh = np.empty((self._H, self._H), self._dtype)
        dWhy = np.empty((self._V, self._H), self._dtype)
        dbh, dby = np.empty((self._H, 1), self._dtype), np.empty((self._V, 1), self._dtype)
        h = np.empty((self._H, 1), self._dtype)
        with self._turns.here():
            gradients = (dWxh, dWhh, dWhy, dbh, dby)
            loss = self._core.loss(self._rows(), x, y, h0, gradients, h, CLIP)
        return loss, dWxh, dWhh, dWhy, dbh, dby, h

    def sample(self, h: Array, seed_ix: int, n: int) -> list[int]:
        """Return a list of n drawn indices; see `bind`."""
        first = arguments.integer("seed_ix", seed_ix)
        if not 0 <= first < self._V:
            raise IndexError(f"seed_ix is {first}, expected an index from 0 to {self._V - 1}")
        ixes = arguments.room_for("n", n)
        h0 = self._hidden("h", h)
        if len(ixes) and self._V > 1 and not np.isfinite(self._parameters[0]).all():
            # The reference multiplies all of Wxh by a one-hot vector: 0 * inf is NaN at once.
            raise ValueError("probabilities contain NaN: look for NaN or infinity in Wxh")
        with self._turns.here():
            drawn = self._drawn(h0, first, ixes)
        if drawn < len(ixes):
            raise ValueError(
                f"probabilities contain NaN at draw {drawn}: look for NaN or infinity in the "
                "parameters and in h"
            )
        drawn_ixes: list[int] = ixes.tolist()
        return drawn_ixes

    def _drawn(self, h0: Array, first: int, ixes: Array) -> int:
        """Fill `ixes` with NumPy's random numbers; return how many could be drawn."""
        bits = np.random.get_bit_generator()  # type: ignore[attr-defined] # NumPy's stubs lack it
        if bits.lock is _left:
            raise RuntimeError(
                "another thread was drawing from np.random when the process was forked, which "
                "leaves np.random locked here: fork between two calls, or start the process by "
                "spawn"
            )
        return self._core.sample(self._rows(), h0, first, ixes, bits)

    def _rows(self) -> tuple[Array, ...]:
        """Return the parameters as they are now, in rows."""
        shapes = tuple([array.shape for array in self._parameters])
        if shapes != self._shapes:
            for name, shape, before in zip(core.PARAMETERS, shapes, self._shapes, strict=True):
                if shape != before:
                    raise ValueError(
                        f"{name} has shape {shape}, it was bound with {before}: bind again"
                    )
        return tuple([_in_rows(array) for array in self._parameters])

    def _hidden(self, name: str, h: Array) -> Array:
        arguments.real_array(name, h, (self._H, 1), "(hidden_size, 1)")
        arguments.same_type(name, h, "Wxh", self._parameters[0])
        return _in_rows(h)


def _in_rows(array: Array) -> Array:
    """Return `array` itself, or a copy if it is not C-contiguous and aligned."""
    flags = array.flags
    if flags.c_contiguous and flags.aligned:
        return array
    return np.require(array, requirements=["C", "A"])


def check_parameters(Wxh: Array, Whh: Array, Why: Array, bh: Array, by: Array) -> tuple[Array, ...]:
    """Return the five parameters, checked to be of one type and to fit together.

    Raises
    ------
    TypeError, ValueError
        See `bind`. A shape that does not fit Wxh's is said together with Wxh's.
    """
    arguments.real_array("Wxh", Wxh, (None, None), "(hidden_size, vocab_size)")
    H, V = Wxh.shape
    others = {
        "Whh": (Whh, (H, H), "(hidden_size, hidden_size)"),
        "Why": (Why, (V, H), "(vocab_size, hidden_size)"),
        "bh": (bh, (H, 1), "(hidden_size, 1)"),
        "by": (by, (V, 1), "(vocab_size, 1)"),
    }
    for name, (array, shape, meaning) in others.items():
        to_fit = f"{meaning}, to fit Wxh, which has shape {Wxh.shape}"
        arguments.real_array(name, array, shape, to_fit)
        arguments.same_type(name, array, "Wxh", Wxh)
    return Wxh, Whh, Why, bh, by
