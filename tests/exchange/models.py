"""Models to exchange, and what they predict, by their own states."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

import crnn
from crnn.model import PARAMETERS

Array = npt.NDArray[Any]


def random_model(V: int, H: int, dtype: str, seed: int = 0, factor: float = 1.0) -> crnn.RNN:
    """Return a model with weights as large as training makes them, or `factor` times that.

    The recurrent ones are but little beyond what keeps rounding errors from growing; larger ones
    make any two implementations differ after some steps.
    """
    rng = np.random.default_rng(seed)
    arrays = [
        rng.normal(0, 0.8 * factor, (H, V)),
        rng.normal(0, 1.2 / np.sqrt(H), (H, H)),
        rng.normal(0, 0.3 * factor, (V, H)),
        rng.normal(0, 0.5, (H, 1)),
        rng.normal(0, 0.5 * factor, (V, 1)),
    ]
    chars = "\n 😀\udc81" + "".join(map(chr, range(0x61, 0x61 + V)))
    return crnn.RNN.from_arrays(chars[:V], *(array.astype(dtype) for array in arrays))


def same(model: crnn.RNN, other: crnn.RNN) -> bool:
    """Tell whether two models have the same characters and the same bytes of parameters."""
    return model.vocab == other.vocab and all(
        getattr(model, name).dtype == getattr(other, name).dtype
        and getattr(model, name).tobytes() == getattr(other, name).tobytes()
        for name in PARAMETERS
    )


def logits(model: crnn.RNN, x: Array) -> tuple[Array, Array]:
    """Return logits (T, B, V) after each of the indices x (T, B), and the last states (B, H)."""
    T, B = x.shape
    y = np.empty((T, B, len(model.vocab)), model.dtype)
    h = np.empty((B, model.hidden_size), model.dtype)
    for b in range(B):
        state = model.state()
        for t in range(T):
            state.feed(int(x[t, b]))
            y[t, b] = (model.Why @ state.h + model.by)[:, 0]
        h[b] = state.h[:, 0]
    return y, h


def difference(y: Array, expected: Array) -> float:
    """Return the largest difference, relative to the expected number where that is above 1."""
    assert y.shape == expected.shape
    assert np.isfinite(y).all()
    return float((np.abs(y - expected) / np.maximum(1, np.abs(expected))).max())
