"""The NumPy reference that `crnn bench` times does what the oracle does, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import notebook

from crnn.reference import Notebook

H, V, T = 7, 5, 6


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_training_is_the_oracles(dtype: str) -> None:
    ixes = np.random.default_rng(1).integers(V, size=4 * T + 2).tolist()
    ours = Notebook(H, V, dtype, seed=3)
    theirs = notebook.Parameters(*(array.copy() for array in ours.parameters))
    h = np.zeros((H, 1), dtype)
    for at in range(0, 4 * T, T):
        loss, h = ours.train_window(ixes[at : at + T], ixes[at + 1 : at + T + 1], h)
    _, state = notebook.train(theirs, ixes, 4, T)
    for array, expected in zip(ours.parameters, theirs.arrays(), strict=True):
        assert array.dtype == dtype
        np.testing.assert_array_equal(array, expected)
    np.testing.assert_array_equal(h, state.hprev)
    assert np.isfinite(loss)


def test_a_sample_is_the_oracles() -> None:
    ours = Notebook(H, V, "float64")
    theirs = notebook.Parameters(*ours.parameters)
    h = np.ones((H, 1))
    np.random.seed(5)
    drawn = ours.sample(h, 2, 50)
    np.random.seed(5)
    assert drawn == notebook.sample(theirs, h, 2, 50)
