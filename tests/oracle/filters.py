"""What a prediction becomes under the rules of a sample, a second time and independently.

As the common libraries do it: logits of what is left out become -infinity, rule after rule,
each on the softmax of what the one before left, by sorting and cumulative sums; in float64.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def softmax(y: Array) -> Array:
    """Return the probabilities that logits stand for."""
    e = np.exp(y - y.max())
    return np.asarray(e / e.sum())


def probabilities(
    y: Array,
    text: str,
    chars: str,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    allowed: str | None = None,
    forbidden: Sequence[str] = (),
    repetition_penalty: float = 1.0,
    repetition_window: int | None = 64,
) -> Array:
    """Return the distribution from which the character after a text is drawn.

    Parameters
    ----------
    y : numpy.ndarray, shape (V,)
        The logits.
    text : str
        What is there already.
    chars : str
        The vocabulary.
    """
    y = penalized(np.array(y, np.float64), text, chars, repetition_penalty, repetition_window)
    for j, char in enumerate(chars):
        if (allowed is not None and char not in allowed) or any(
            (text + char).endswith(word) for word in forbidden
        ):
            y[j] = -np.inf
    y = y / temperature
    if top_k is not None:
        y[np.argsort(-y, kind="stable")[top_k:]] = -np.inf
    if top_p is not None and top_p < 1:
        order = np.argsort(-y, kind="stable")
        total = np.cumsum(softmax(y)[order])
        y[order[1:][total[:-1] >= top_p]] = -np.inf
    if min_p is not None:
        p = softmax(y)
        y[p < min_p * p.max()] = -np.inf
    return softmax(y)


def penalized(y: Array, text: str, chars: str, penalty: float, window: int | None) -> Array:
    """Return logits of which those of repeated characters are lowered."""
    repeated = set(text if window is None else text[-window:])
    for j, char in enumerate(chars):
        if char in repeated:
            y[j] = y[j] * penalty if y[j] < 0 else y[j] / penalty
    return y


def is_close_call(
    y: Array, temperature: float, top_k: int | None, top_p: float, tolerance: float
) -> bool:
    """Tell whether rounding may decide what top-p leaves out."""
    y = np.sort(y.astype(np.float64) / temperature)[::-1]
    totals = np.cumsum(softmax(y[:top_k]))
    return bool(np.any(np.abs(totals - top_p) < tolerance))


def chi_square_p(observed: Array, expected: Array) -> float:
    """Return how probable counts are that fit an expectation as badly, or worse.

    Rows are experiments of their own. By the cube root of Wilson and Hilferty (1931).
    """
    possible = expected > 0
    assert not observed[~possible].any()
    statistic = float((((observed - expected) ** 2)[possible] / expected[possible]).sum())
    k = int(possible.sum() - possible.any(axis=1).sum())
    if k == 0:
        return 1.0
    z = ((statistic / k) ** (1 / 3) - (1 - 2 / (9 * k))) / math.sqrt(2 / (9 * k))
    return math.erfc(z / math.sqrt(2)) / 2
