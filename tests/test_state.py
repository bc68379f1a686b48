"""State and States: what a model has read so far, as values."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import notebook

import crnn
from crnn.model import PARAMETERS
from crnn.state import States

DTYPES = pytest.mark.parametrize("dtype", ["float64", "float32"])


def oracle_of(model: crnn.RNN) -> notebook.Parameters:
    return notebook.Parameters(*(np.array(getattr(model, name), float) for name in PARAMETERS))


def lively(dtype: str = "float64", chars: str = "abcde", hidden_size: int = 6) -> crnn.RNN:
    """A small model that is far from uniform."""
    model = crnn.RNN(chars, hidden_size, dtype=dtype, seed=1)
    for name in PARAMETERS:
        getattr(model, name)[:] *= 60
    return model


@pytest.fixture
def model() -> crnn.RNN:
    return lively()


# --- one state ------------------------------------------------------------------------------------


@DTYPES
def test_fed_state_predicts_what_the_oracle_predicts(dtype: str) -> None:
    model = crnn.RNN("abcde", hidden_size=20, dtype=dtype, seed=1)
    for name in PARAMETERS:
        getattr(model, name)[:] *= 30
    params, h = oracle_of(model), np.zeros((20, 1))
    state = model.state()
    by = np.exp(params.by) / np.exp(params.by).sum()
    np.testing.assert_allclose(state.feed(""), by.ravel(), rtol=1e-5)
    for x in [0, 3, 1, 1, 4]:
        losses = []
        for target in range(5):
            *_, after = (loss := notebook.loss_fun(params, [x], [target], h))
            losses.append(loss[0])
        h = after
        tolerance = 1e-13 if dtype == "float64" else 1e-5
        np.testing.assert_allclose(state.feed(x), np.exp(-np.array(losses)), rtol=tolerance)
        np.testing.assert_allclose(state.h, h, rtol=tolerance, atol=tolerance)


def test_text_is_fed_character_by_character(model: crnn.RNN) -> None:
    whole, parts = model.state(), model.state()
    for char in "abcab":
        last = parts.feed(char)
    np.testing.assert_array_equal(whole.feed("abcab"), last)
    np.testing.assert_array_equal(model.state().feed(np.int64(2)), model.state().feed("c"))


def test_copies_branch(model: crnn.RNN) -> None:
    state = model.state()
    state.feed("ab")
    branch = state.copy()
    other = branch.feed("e")
    assert not np.array_equal(state.h, branch.h)
    np.testing.assert_array_equal(state.copy().feed("e"), other)


def test_out_receives_the_probabilities(model: crnn.RNN) -> None:
    p = np.zeros(5)
    assert model.state().feed("a", out=p) is p
    np.testing.assert_array_equal(p, model.state().feed("a"))
    assert model.state().feed("a") is not model.state().feed("a")


@pytest.mark.parametrize(
    "out",
    [
        [0.0] * 5,
        np.zeros(4),
        np.zeros((5, 1)),
        np.zeros(5, "float32"),
        np.zeros(10)[::2],
        np.frombuffer(bytes(40)),
    ],
    ids=["list", "short", "column", "type", "strided", "read-only"],
)
def test_a_bad_out_is_named_and_leaves_the_state_as_it_was(model: crnn.RNN, out: Any) -> None:
    state = model.state()
    before = state.feed("ab")
    with pytest.raises(ValueError, match="out is "):
        state.feed("e", out=out)
    np.testing.assert_array_equal(state.feed(""), before)


def test_states_are_of_models() -> None:
    with pytest.raises(TypeError, match="model is of type NoneType, expected an RNN"):
        crnn.State(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ("abz", ValueError, r"'z'.*U\+007A"),
        (5, IndexError, "x is 5, expected an index from 0 to 4"),
        (np.int8(5), IndexError, r"x\[0\] is 5, expected an index from 0 to 4"),
        (np.array([0, 5]), IndexError, r"x\[1\] is 5"),
        (np.array([0.0]), TypeError, "x has dtype float64"),
        (-1, IndexError, "is -1"),
        (1.0, TypeError, "x is 1.0, expected an integer, a str or an array of integers"),
        (None, TypeError, "x is None, expected an integer"),
        (True, TypeError, "x is True, expected an integer"),
    ],
)
def test_bad_food_leaves_the_state_as_it_was(
    model: crnn.RNN, x: Any, error: type[Exception], message: str
) -> None:
    state = model.state()
    state.feed("ab")
    before = state.h.copy()
    with pytest.raises(error, match=message):
        state.feed(x)
    np.testing.assert_array_equal(state.h, before)


def test_a_misaligned_out_is_refused(model: crnn.RNN) -> None:
    p = np.frombuffer(bytearray(41), np.uint8)[1:].view(np.float64)
    with pytest.raises(ValueError, match="out is not contiguous, aligned"):
        model.state().feed(0, out=p)


def test_indices_in_an_array_are_a_text(model: crnn.RNN) -> None:
    whole = model.state().feed("abec")
    np.testing.assert_array_equal(model.state().feed(np.array([0, 1, 4, 2], np.uint8)), whole)


@DTYPES
def test_logprobs_are_logarithms_of_probs_and_reach_further(dtype: str) -> None:
    model = lively(dtype)
    state = model.state()
    p = state.feed("abc")
    np.testing.assert_array_equal(state.probs(), p)
    out = np.empty_like(p)
    assert state.logprobs(out) is out
    np.testing.assert_allclose(out, np.log(p), rtol=1e-5 if dtype == "float32" else 1e-12)
    model.Why[:] = 0
    model.by[:, 0] = [0, -2000, 0, -np.inf, -300]
    with np.errstate(divide="ignore"):
        wanted = -np.log(2) + model.by[:, 0]
    assert state.probs()[1] == 0
    np.testing.assert_allclose(state.logprobs(), wanted, rtol=1e-6)


def test_h_is_live(model: crnn.RNN) -> None:
    state = model.state()
    h = state.h
    assert h.shape == (6, 1)
    state.feed("ab")
    assert h.any()
    h[:] = 0
    np.testing.assert_array_equal(state.probs(), model.state().probs())
    del state
    h[:] = 1  # it keeps its memory


def test_the_compiled_state_is_the_same_memory(model: crnn.RNN) -> None:
    state, p = model.state(), np.empty(5)
    state.core.feed(2, p)
    np.testing.assert_array_equal(p, model.state().feed("c"))
    assert state.core.B == 1
    assert model.states(7).core.B == 7


def test_equality_is_of_bits_and_model(model: crnn.RNN) -> None:
    one, other = model.state(), model.state()
    assert one == other
    assert one.key() == other.key()
    other.h[0] = -0.0
    assert one != other
    assert one.key() != other.key()
    assert one == pickle.loads(pickle.dumps(model)).state()
    assert one != lively("float32").state()
    assert one != model.states(1)
    assert one != "abc"
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_states_pickle_copy_and_go_on_alike(model: crnn.RNN) -> None:
    state = model.state()
    state.feed("ab")
    for other in (pickle.loads(pickle.dumps(state)), copy.copy(state), copy.deepcopy(state)):
        assert other == state
        np.testing.assert_array_equal(other.feed("c"), state.copy().feed("c"))
    assert copy.copy(state).model is model


def test_a_saved_state_is_of_its_model(model: crnn.RNN, tmp_path: Path) -> None:
    path = tmp_path / "s.state"
    state = model.state()
    state.feed("ab")
    state.save(path)
    assert model.load_state(path) == state
    for other in (lively("float32"), lively(hidden_size=7), lively(chars="abcdf")):
        with pytest.raises(crnn.CheckpointError, match=r"of another model \(fingerprint"):
            other.load_state(path)
    with pytest.raises(crnn.CheckpointError, match="does not describe a model"):
        crnn.load(path)
    model.save(path)
    with pytest.raises(crnn.CheckpointError, match="does not describe a state"):
        model.load_state(path)


# --- many states ----------------------------------------------------------------------------------


@DTYPES
@pytest.mark.parametrize("B", [1, 2, 3, 17, 100])
def test_many_states_are_each_as_alone(dtype: str, B: int) -> None:
    model = lively(dtype, hidden_size=33)
    rng = np.random.default_rng(B)
    texts = rng.integers(0, 5, (4, B))
    states, alone = model.states(B), [model.state() for _ in range(B)]
    for x in texts:
        p = states.feed(x)
        for b in range(B):
            np.testing.assert_array_equal(alone[b].feed(int(x[b])), p[b])
    np.testing.assert_array_equal(states.probs(), p)
    np.testing.assert_array_equal(states.logprobs(), [state.logprobs() for state in alone])
    assert States.of(alone) == states
    assert [states[b] == alone[b] for b in range(B)] == [True] * B
    np.testing.assert_array_equal(states.h, [state.h[:, 0] for state in alone])


def test_tens_of_thousands_at_once() -> None:
    model = lively("float32")
    states = model.states(30_000)
    out = np.empty((30_000, 5), "float32")
    assert states.feed(np.arange(30_000) % 5, out=out) is out
    np.testing.assert_array_equal(out[4::5], np.tile(model.state().feed("e"), (6_000, 1)))


@given(which=st.lists(st.integers(-4, 3), min_size=1, max_size=9))
def test_states_are_chosen_as_rows_are(which: list[int]) -> None:
    states = lively().states(4)
    states.feed("abcd")
    chosen = states[which]
    np.testing.assert_array_equal(chosen.h, states.h[which])
    chosen.h[:] = 9
    assert not (states.h == 9).any()


def test_slices_masks_and_what_chooses_nothing(model: crnn.RNN) -> None:
    states = model.states(4)
    states.feed("abcd")
    assert states[1:3] == states[np.array([False, True, True, False])]
    assert len(states[::-1]) == 4
    nothing: list[Any] = [slice(2, 2), [], 4, -5]
    for which in nothing:
        with pytest.raises(IndexError):
            states[which]
    with pytest.raises(TypeError, match="one index"):
        states[0, 0]


def test_many_pickle_and_copy(model: crnn.RNN) -> None:
    states = model.states(3)
    states.feed([0, 1, 2])
    assert pickle.loads(pickle.dumps(states)) == states
    branch = states.copy()
    branch.feed("abc")
    assert branch != states


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ("ab", ValueError, "x has 2 characters, expected one for each of 3"),
        ([0, 1, 5], IndexError, r"x\[2\] is 5"),
        ("abz", ValueError, r"U\+007A"),
        (np.zeros((3, 1), int), ValueError, "x has shape"),
        (np.zeros(3), TypeError, "dtype float64"),
        (1, TypeError, "x is of type int"),
    ],
)
def test_bad_food_leaves_all_states_as_they_were(
    model: crnn.RNN, x: Any, error: type[Exception], message: str
) -> None:
    states = model.states(3)
    with pytest.raises(error, match=message):
        states.feed(x)
    assert not states.h.any()
    with pytest.raises(ValueError, match=r"out is float64 of shape \(5,\), expected"):
        states.feed("abc", out=np.zeros(5))


def test_states_of_two_models_are_not_fed_together(model: crnn.RNN) -> None:
    with pytest.raises(ValueError, match=r"states\[1\] is of another model"):
        States.of([model.state(), lively("float32").state()])
    with pytest.raises(ValueError, match="states is empty"):
        States.of([])
    with pytest.raises(TypeError, match=r"states\[0\] is of type str"):
        States.of(["a"])  # type: ignore[list-item]


@pytest.mark.parametrize("count", [0, -1, 1.5, True])
def test_how_many_is_checked(model: crnn.RNN, count: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="count is"):
        crnn.States(model, count)
    with pytest.raises(MemoryError):
        model.states(2**62)


# --- damaged pickles ------------------------------------------------------------------------------


def test_a_damaged_pickle_of_a_state_is_refused(model: crnn.RNN) -> None:
    state = model.state()
    state.feed("ab")
    data = pickle.dumps(state)
    at = data.index(state.key())  # its numbers, in the bytes of a file
    for bit in range(8 * len(state.key())):
        damaged = bytearray(data)
        damaged[at + bit // 8] ^= 1 << bit % 8
        with pytest.raises(crnn.CheckpointError):
            pickle.loads(bytes(damaged))


def test_bytes_of_several_states_are_no_state(model: crnn.RNN) -> None:
    data = model.states(2)._to_bytes()
    assert States._from_bytes(model, data) == model.states(2)
    with pytest.raises(crnn.CheckpointError, match="2 states, expected one"):
        crnn.State._from_bytes(model, data)
    with pytest.raises(crnn.CheckpointError, match="does not describe a state"):
        crnn.State._from_bytes(model, model.to_bytes())


@pytest.mark.parametrize("V", [3, 5000])
def test_a_state_costs_little_more_than_its_numbers(V: int) -> None:
    model = crnn.RNN("".join(map(chr, range(0x4E00, 0x4E00 + V))), hidden_size=100)
    many = model.states(10_000)
    held = memoryview(many.core.block).nbytes
    assert held <= 10_000 * (4 * 100 + 128)
    assert not hasattr(many.core, "__dict__")
