"""Parallel streams and both optimizers, against their own oracle, and what must hold anyway."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import notebook, streams
from test_model import oracle_of

import crnn
from crnn import core
from crnn.descent import Optimizer
from crnn.model import PARAMETERS
from crnn.text import Text
from crnn.training import Training

Array = npt.NDArray[Any]
DTYPES = pytest.mark.parametrize("dtype", ["float64", "float32"])
OPTIMIZERS = pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
V_H_T_B = [
    (5, 4, 3, 2),
    (27, 33, 7, 3),
    (13, 16, 1, 5),
    (1, 7, 4, 2),
    (9, 1, 5, 4),
    (30, 20, 25, 8),
]


def trainer_of(
    V: int, H: int, text: Array, dtype: str, scale: float = 1.0, **settings: Any
) -> crnn.Trainer:
    model = crnn.RNN("".join(map(chr, range(48, 48 + V))), hidden_size=H, dtype=dtype, seed=1)
    for name in ("Wxh", "Whh", "Why"):
        getattr(model, name)[:] *= scale
    return crnn.Trainer(model, text, sample_every=0, **settings)


def random_text(V: int, n: int) -> Array:
    return np.random.default_rng(n).integers(0, V, n)


def states(trainer: crnn.Trainer) -> Array:
    """The states before the next window, one row a stream."""
    shape = trainer.settings.batch_size, trainer.model.hidden_size
    h = np.empty(shape, trainer.model.dtype)
    for b in range(shape[0]):
        trainer._core.state(b).get(h[b])
    return h


def assert_near(got: Array, wanted: Array, tolerance: float, what: object) -> None:
    """Within a tolerance of the largest; NaN is not."""
    assert got.shape == wanted.shape
    assert np.max(np.abs(got - wanted)) <= tolerance * np.max(np.abs(wanted)), what


@DTYPES
@OPTIMIZERS
@pytest.mark.parametrize(("V", "H", "T", "B"), V_H_T_B)
def test_training_follows_the_oracle(
    V: int, H: int, T: int, B: int, optimizer: str, dtype: str
) -> None:
    """At a small rate, for the reason given in test_trainer; the text wraps every 17 windows."""
    text = random_text(V, B * (17 * T + 2) + B - 1)
    how: Any = {"seq_length": T, "batch_size": B, "optimizer": optimizer, "learning_rate": 0.001}
    trainer = trainer_of(V, H, text, dtype, **how)
    oracle = oracle_of(trainer.model)
    trainer.train(120)
    wanted = streams.train(oracle, text.tolist(), 120, **how)
    tolerance = 1e-11 if dtype == "float64" else 2e-4
    assert trainer._core.positions == [wanted.position] * B
    assert wanted.position > 0
    assert abs(trainer._core.loss - wanted.loss) <= tolerance * wanted.loss
    assert abs(trainer.smooth_loss - wanted.smooth_loss) <= tolerance * wanted.smooth_loss
    for name in PARAMETERS:
        assert_near(getattr(trainer.model, name), getattr(oracle, name), tolerance, name)
    assert_near(states(trainer), wanted.h, tolerance, "h")
    memories = {"v": wanted.mean, "m": wanted.square}
    if optimizer == "adam":
        memories = {"m": wanted.mean, "v": wanted.square}
    for name, memory in trainer._engine.memories().items():
        assert_near(memory, getattr(memories[name[0]], name[1:]), 10 * tolerance, name)


@OPTIMIZERS
def test_gradients_of_streams_are_clipped_after_their_mean(optimizer: str) -> None:
    """Large weights and a low limit: half the elements or so are clipped."""
    text = random_text(7, 400)
    how: Any = {"seq_length": 12, "batch_size": 3, "optimizer": optimizer, "clip": 0.01}
    trainer = trainer_of(7, 18, text, "float64", scale=30, learning_rate=1e-6, **how)
    oracle = oracle_of(trainer.model)
    free = {**how, "clip": np.inf}
    trainer.train(5)
    wanted = streams.train(oracle.copy(), text.tolist(), 5, learning_rate=1e-6, **how)
    other = streams.train(oracle.copy(), text.tolist(), 5, learning_rate=1e-6, **free)
    first = trainer._engine.memories()["mWhh"]
    kept = wanted.mean if optimizer == "adam" else wanted.square
    loose = other.mean if optimizer == "adam" else other.square
    assert_near(first, kept.Whh, 1e-10, "mWhh")
    assert np.max(np.abs(loose.Whh)) > 2 * np.max(np.abs(kept.Whh))


# --- gradients ------------------------------------------------------------------------------------


def gradients_of_second_window(trainer: crnn.Trainer) -> tuple[list[Array], Array]:
    """Gradients with states that are not zero, out of Adam's mean: m = 0.9 m + 0.1 d.

    The rate is so small that no weight moves. Also returns those states, one row a stream.
    """
    trainer.train(1)
    first = {name: memory.copy() for name, memory in trainer._engine.memories().items()}
    h = states(trainer)
    trainer.train(1)
    second = trainer._engine.memories()
    return [(second["m" + name] - 0.9 * first["m" + name]) / 0.1 for name in PARAMETERS], h


def still(V: int, H: int, T: int, B: int, text: Array, dtype: str, scale: float) -> crnn.Trainer:
    return trainer_of(
        V, H, text, dtype, scale,
        seq_length=T, batch_size=B, optimizer="adam", learning_rate=1e-30, clip=np.inf,
    )  # fmt: skip


def second_window(text: Array, T: int, B: int) -> Array:
    """(B, T + 1) the characters of every stream's second window."""
    length = len(text) // B
    return np.array([text[b * length + T : b * length + 2 * T + 1] for b in range(B)])


def test_gradients_of_streams_agree_with_complex_steps() -> None:
    V, H, T, B, step = 6, 5, 4, 3, 1e-30
    text = random_text(V, 40)
    trainer = still(V, H, T, B, text, "float64", scale=50)
    oracle = oracle_of(trainer.model)
    gradients, h = gradients_of_second_window(trainer)
    window = second_window(text, T, B).tolist()
    for which, gradient in enumerate(gradients):
        wanted = np.zeros_like(gradient)
        for at in np.ndindex(*gradient.shape):
            moved = [array.astype(complex) for array in oracle.arrays()]
            moved[which][at] += 1j * step
            for b in range(B):
                loss = notebook.loss_only(
                    notebook.Parameters(*moved), window[b][:-1], window[b][1:], h[b][:, None]
                )
                wanted[at] += loss.imag / step / B
        assert_near(gradient, wanted, 1e-10, PARAMETERS[which])


@DTYPES
@pytest.mark.parametrize(("V", "H", "T", "B"), [(11, 35, 9, 2), (40, 17, 5, 7), (6, 70, 12, 1)])
def test_gradients_of_streams_are_the_mean_of_each_ones(
    V: int, H: int, T: int, B: int, dtype: str
) -> None:
    text = random_text(V, B * (3 * T + 2))
    trainer = still(V, H, T, B, text, dtype, scale=10)
    gradients, h = gradients_of_second_window(trainer)
    arrays = [getattr(trainer.model, name) for name in PARAMETERS]
    lossFun, _ = crnn.bind(*arrays)
    window = second_window(text, T, B)
    results: Any = [
        lossFun(x[:-1].tolist(), x[1:].tolist(), h[b][:, None]) for b, x in enumerate(window)
    ]
    tolerance = 1e-12 if dtype == "float64" else 2e-5
    assert abs(trainer._core.loss / np.mean([result[0] for result in results]) - 1) < tolerance
    for which, gradient in enumerate(gradients):
        each = [result[1 + which] for result in results]
        assert max(np.max(np.abs(one)) for one in each) < 5  # else lossFun would have clipped
        assert_near(gradient, np.mean(each, axis=0), tolerance, PARAMETERS[which])
    assert_near(states(trainer), np.array([x[6][:, 0] for x in results]), tolerance, "h")


# --- whatever the sizes ---------------------------------------------------------------------------

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.integers(1, 6))


@given(
    SIZES,
    st.sampled_from(["adagrad", "adam"]),
    st.sampled_from(["float64", "float32"]),
    st.integers(0, 9),
    st.integers(0, 30),
)
@settings(max_examples=60)
def test_any_sizes_train_to_finite_numbers_however_the_windows_are_counted_out(
    sizes: tuple[int, int, int, int], optimizer: str, dtype: str, first: int, more: int
) -> None:
    V, H, T, B = sizes
    text = random_text(V, B * (T + 2) + more)
    whole, parts = (
        trainer_of(V, H, text, dtype, seq_length=T, batch_size=B, optimizer=optimizer)
        for _ in range(2)
    )
    whole._core.run(9)
    for windows in (first, 0, 9 - first):
        parts._core.run(windows)
    assert np.isfinite([whole._core.loss, whole.smooth_loss, *whole._core.optimizer.running]).all()
    for name in PARAMETERS:
        assert np.isfinite(getattr(whole.model, name)).all()
        assert getattr(whole.model, name).tobytes() == getattr(parts.model, name).tobytes()
    assert (whole._core.loss, whole.smooth_loss) == (parts._core.loss, parts.smooth_loss)
    assert whole._core.optimizer.running == parts._core.optimizer.running
    assert states(whole).tobytes() == states(parts).tobytes()


@given(SIZES, st.sampled_from(["adagrad", "adam"]), st.sampled_from(["float64", "float32"]))
@settings(max_examples=40, derandomize=True)  # rounding decides where a gradient cancels to nothing
def test_equal_streams_train_like_one_of_them(
    sizes: tuple[int, int, int, int], optimizer: str, dtype: str
) -> None:
    """Up to rounding: their gradients are summed in another order."""
    V, H, T, B = sizes
    part = random_text(V, 3 * T + 2)
    how: Any = {"seq_length": T, "optimizer": optimizer, "learning_rate": 0.001}
    many = trainer_of(V, H, np.tile(part, B), dtype, batch_size=B, **how)
    one = trainer_of(V, H, part, dtype, batch_size=1, **how)
    many._core.run(8)
    one._core.run(8)
    tolerance = 1e-9 if dtype == "float64" else 1e-3
    h = states(many)
    for b in range(B):
        assert h[b].tobytes() == h[0].tobytes()  # the same work, whichever row it stands in
    assert abs(many._core.loss - one._core.loss) <= tolerance * one._core.loss
    for name in PARAMETERS:
        assert_near(getattr(many.model, name), getattr(one.model, name), tolerance, name)


def test_streams_are_parts_of_the_text_and_the_rest_is_not_read() -> None:
    text = random_text(5, 3 * 20)
    how: Any = {"seq_length": 4, "batch_size": 3}
    plain = trainer_of(5, 6, text, "float64", **how)
    longer = trainer_of(5, 6, np.append(text, [4, 4]), "float64", **how)
    moved = trainer_of(5, 6, np.append([4], text[:-1]), "float64", **how)
    for trainer in (plain, longer, moved):
        trainer.train(6)
    assert plain.smooth_loss == longer.smooth_loss
    assert np.array_equal(plain.model.Whh, longer.model.Whh)
    assert plain.smooth_loss != moved.smooth_loss


def test_the_core_refuses_a_stream_that_is_not_there_and_states_of_another_number() -> None:
    text, net = Text(np.zeros(30, np.int32), 3), core.Net(3, 4, True)
    optimizer = Optimizer("adagrad", learning_rate=0.1)
    training = Training(net, text, 5, 3, optimizer)
    for b in (-1, 3):
        with pytest.raises(IndexError, match=f"stream is {b}, expected 0 to 2"):
            training.state(b)
    with pytest.raises(ValueError, match="expected 3 of this net, one a stream"):
        training.restore(1, [0, 0, 0], 1.0, [training.state(0), training.state(1)])
    with pytest.raises(ValueError, match="3 streams of windows of 9 need 33"):
        Training(net, text, 9, 3, optimizer)
    with pytest.raises(ValueError, match="0 streams"):
        Training(net, text, 5, 0, optimizer)
