"""The oracles: gradients by complex step, clipping, types, sampling, main loops, streams."""

from typing import Any

import numpy as np
import pytest
from oracle import notebook, streams
from oracle.notebook import Array, Parameters

NAMES = ("Wxh", "Whh", "Why", "bh", "by")
STEP = 1e-30


def case(
    vocab_size: int,
    hidden_size: int,
    steps: int,
    dtype: Any = np.float64,
    scale: float = 0.5,
    seed: int = 0,
) -> tuple[Parameters, list[int], list[int], Array]:
    rng = np.random.default_rng(seed)
    params = notebook.init(vocab_size, hidden_size, rng, dtype, scale)
    params.bh += rng.standard_normal((hidden_size, 1)).astype(dtype) * 0.1
    params.by += rng.standard_normal((vocab_size, 1)).astype(dtype) * 0.1
    inputs, targets = rng.integers(0, vocab_size, (2, steps)).tolist()
    return params, inputs, targets, np.tanh(rng.standard_normal((hidden_size, 1))).astype(dtype)


def complex_step_gradient(
    params: Parameters, inputs: list[int], targets: list[int], hprev: Array, name: str
) -> Array:
    """Return Im loss(w + i STEP) / STEP for every w: no difference, so no cancellation."""
    shifted = Parameters(*(array.astype(complex) for array in params.arrays()))
    array = getattr(shifted, name)
    gradient = np.zeros(array.shape)
    for place in np.ndindex(array.shape):
        array[place] += STEP * 1j
        gradient[place] = notebook.loss_only(shifted, inputs, targets, hprev).imag / STEP
        array[place] = array[place].real
    return gradient


@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 1, 3), (3, 4, 1), (5, 7, 6), (11, 6, 13)])
def test_gradients_agree_with_complex_step(sizes: tuple[int, int, int]) -> None:
    params, inputs, targets, hprev = case(*sizes)
    loss, *gradients, _ = notebook.loss_fun(params, inputs, targets, hprev, clip=np.inf)
    assert abs(loss - notebook.loss_only(params, inputs, targets, hprev)) <= 1e-12 * (1 + loss)
    for name, got in zip(NAMES, gradients, strict=True):
        wanted = complex_step_gradient(params, inputs, targets, hprev, name)
        assert np.isfinite(got).all()
        assert np.abs(got - wanted).max() <= 1e-10 * max(np.abs(wanted).max(), 1e-3), name


def test_gradients_are_clipped_elementwise() -> None:
    params, inputs, targets, hprev = case(4, 5, 40, scale=2.0)
    free = notebook.loss_fun(params, inputs, targets, hprev, clip=np.inf)
    assert max(np.abs(gradient).max() for gradient in free[1:6]) > 5
    for clip in (5.0, 0.25):
        clipped = notebook.loss_fun(params, inputs, targets, hprev, clip=clip)
        assert clipped[0] == free[0]
        for got, gradient in zip(clipped[1:6], free[1:6], strict=True):
            assert np.array_equal(got, np.clip(gradient, -clip, clip))
    default = notebook.loss_fun(params, inputs, targets, hprev)
    assert max(np.abs(gradient).max() for gradient in default[1:6]) == 5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_have_the_parameters_type_and_shapes(dtype: Any) -> None:
    params, inputs, targets, hprev = case(5, 3, 4, dtype)
    before = hprev.copy()
    loss, *gradients, h = notebook.loss_fun(params, inputs, targets, hprev)
    assert np.array_equal(hprev, before)
    assert loss.dtype == h.dtype == dtype
    assert h.shape == (3, 1)
    for got, array in zip(gradients, params.arrays(), strict=True):
        assert got.dtype == dtype
        assert got.shape == array.shape


def test_loss_of_zero_weights_is_uniform() -> None:
    params = notebook.init(8, 3, np.random.default_rng(0), scale=0.0)
    loss, *_ = notebook.loss_fun(params, [0, 1, 2], [1, 2, 3], np.zeros((3, 1)))
    assert loss == pytest.approx(3 * np.log(8), rel=1e-15)


def test_loss_only_survives_large_logits() -> None:
    params = notebook.init(3, 2, np.random.default_rng(0))
    params.by += np.array([[0.0], [800.0], [0.0]])
    loss = notebook.loss_only(params, [0], [0], np.zeros((2, 1)))
    assert loss == pytest.approx(800, abs=0.1)


def test_sample_draws_from_the_given_choice_and_feeds_it_back() -> None:
    params, _, _, h = case(4, 3, 1)
    seen = []

    def choose(indices: Any, p: Any) -> Any:
        seen.append(p)
        return indices[len(seen) % 4]

    assert notebook.sample(params, h, 2, 3, choose) == [1, 2, 3]
    h1 = np.tanh(params.Wxh[:, [2]] + params.Whh @ h + params.bh)
    h2 = np.tanh(params.Wxh[:, [1]] + params.Whh @ h1 + params.bh)
    for p, state in zip(seen, (h1, h2), strict=False):
        y = np.exp(params.Why @ state + params.by).ravel()
        np.testing.assert_allclose(p, y / y.sum(), rtol=1e-13)


def test_sample_repeats_with_the_global_seed() -> None:
    params, _, _, h = case(6, 3, 1, np.float32)
    np.random.seed(3)
    first = notebook.sample(params, h, 0, 50)
    np.random.seed(3)
    assert notebook.sample(params, h, 0, 50) == first
    assert len(set(first)) > 1


def test_train_learns_a_periodic_text() -> None:
    params = notebook.init(3, 8, np.random.default_rng(1))
    history, state = notebook.train(params, [0, 1, 2] * 40, 1500, seq_length=5)
    assert len(history) == 1500
    assert history[0] == pytest.approx(5 * np.log(3), rel=1e-3)
    assert history[-1] < 0.35 * history[0]
    assert state.params is params
    assert state.smooth_loss == history[-1]


def test_train_resets_the_state_where_the_text_wraps() -> None:
    """Of 10 characters, windows of 3 begin at 0 and 3; 6 + 3 + 1 reaches the end: back to 0."""
    data = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    params = notebook.init(10, 4, np.random.default_rng(0))
    twin = params.copy()
    _, state = notebook.train(params, data, 3, seq_length=3, learning_rate=0.1)
    hprev, memory = np.zeros((4, 1)), twin.zeros()
    for begin in (0, 3, 0):
        if begin == 0:
            hprev = np.zeros((4, 1))
        window = data[begin : begin + 4]
        _, *gradients, hprev = notebook.loss_fun(twin, window[:-1], window[1:], hprev)
        for w, d, m in zip(twin.arrays(), gradients, memory.arrays(), strict=True):
            m += d * d
            w -= 0.1 * d / np.sqrt(m + 1e-8)
    assert state.position == 3
    assert np.array_equal(state.hprev, hprev)
    for got, wanted in zip(params.arrays(), twin.arrays(), strict=True):
        assert np.array_equal(got, wanted)


def test_train_refuses_a_text_shorter_than_a_window() -> None:
    params = notebook.init(2, 2, np.random.default_rng(0))
    with pytest.raises(ValueError, match="expected 7 or more"):
        notebook.train(params, [0, 1] * 3, 1, seq_length=5)


# --- streams --------------------------------------------------------------------------------------


def test_gradients_of_streams_are_the_mean_of_the_notebooks() -> None:
    params, *_ = case(6, 5, 1)
    rng = np.random.default_rng(1)
    window, before = rng.integers(0, 6, (3, 8)), np.tanh(rng.standard_normal((3, 5)))
    loss, gradients, after = streams.loss_and_gradients(params, window, before)
    one_by_one = [
        notebook.loss_fun(params, x[:-1].tolist(), x[1:].tolist(), h[:, None], clip=np.inf)
        for x, h in zip(window, before, strict=True)
    ]
    assert loss == pytest.approx(np.mean([result[0] for result in one_by_one]), rel=1e-13)
    for which, gradient in enumerate(gradients.arrays()):
        wanted = np.mean([result[1 + which] for result in one_by_one], axis=0)
        np.testing.assert_allclose(gradient, wanted, rtol=0, atol=1e-13 * np.abs(wanted).max())
    for b, result in enumerate(one_by_one):
        np.testing.assert_allclose(after[b], result[6][:, 0], rtol=1e-13)


def test_one_stream_is_trained_as_the_notebook_does() -> None:
    params, *_ = case(6, 5, 1, scale=0.01)
    twin, text = params.copy(), np.random.default_rng(1).integers(0, 6, 50).tolist()
    how: Any = {"seq_length": 4, "learning_rate": 0.001}
    got = streams.train(params, text, 40, batch_size=1, optimizer="adagrad", **how)
    history, _ = notebook.train(twin, text, 40, **how)
    assert got.smooth_loss == pytest.approx(history[-1], rel=1e-13)
    for one, other in zip(params.arrays(), twin.arrays(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12 * np.abs(other).max())


def test_adams_first_step_is_the_learning_rate_against_the_sign() -> None:
    """m / (1 - beta1) = d and v / (1 - beta2) = d d, so the step is d / (|d| + epsilon)."""
    params, *_ = case(6, 5, 1)
    before, text = params.copy(), np.random.default_rng(1).integers(0, 6, 50)
    how: Any = {"seq_length": 4, "batch_size": 2, "optimizer": "adam", "learning_rate": 0.01}
    window = np.array([text[:5], text[25:30]])
    _, gradients, _ = streams.loss_and_gradients(params, window, np.zeros((2, 5)))
    streams.train(params, text.tolist(), 1, **how)
    arrays = zip(params.arrays(), before.arrays(), gradients.arrays(), strict=True)
    for new, old, d in arrays:
        np.testing.assert_allclose(new, old - 0.01 * d / (np.abs(d) + 1e-8), rtol=1e-12, atol=1e-15)
