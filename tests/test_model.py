"""RNN: parameters, samples, files, pickles."""

from __future__ import annotations

import copy
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import notebook

import crnn
from crnn import checkpoint
from crnn.model import PARAMETERS

DTYPES = pytest.mark.parametrize("dtype", ["float64", "float32"])


def oracle_of(model: crnn.RNN) -> notebook.Parameters:
    return notebook.Parameters(*(np.array(getattr(model, name), float) for name in PARAMETERS))


def same_parameters(one: crnn.RNN, other: crnn.RNN) -> bool:
    return all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in PARAMETERS
    )


@pytest.fixture
def model() -> crnn.RNN:
    """A small float64 model that is far from uniform."""
    model = crnn.RNN("abcde", hidden_size=6, dtype="float64", seed=1)
    for name in PARAMETERS:
        getattr(model, name)[:] *= 60
    return model


@DTYPES
def test_first_weights_are_normal_with_a_hundredth_and_biases_zero(dtype: str) -> None:
    model = crnn.RNN("".join(map(chr, range(300))), hidden_size=200, dtype=dtype, seed=3)
    for name in ("Wxh", "Whh", "Why"):
        weights = getattr(model, name) / 0.01
        assert weights.dtype == dtype
        assert abs(weights.mean()) < 4 / np.sqrt(weights.size)
        assert abs(weights.std() - 1) < 4 / np.sqrt(2 * weights.size)
        assert 3.5 < np.abs(weights).max() < 6
        # The shape of the distribution: shares below the quartiles of a normal one.
        for quartile, share in ((-0.67449, 0.25), (0, 0.5), (0.67449, 0.75)):
            assert abs((weights < quartile).mean() - share) < 0.02
    assert not model.bh.any()
    assert not model.by.any()


def test_weights_depend_on_the_seed_alone() -> None:
    one, two = crnn.RNN("abc", 9, seed=5), crnn.RNN("abc", 9, seed=5)
    assert same_parameters(one, two)
    assert not same_parameters(one, crnn.RNN("abc", 9, seed=6))
    assert same_parameters(one, crnn.RNN("abc", 9, seed=np.random.default_rng(5)))
    first, second = crnn.RNN("abc", 9, seed=None), crnn.RNN("abc", 9, seed=None)
    assert not same_parameters(first, second)
    assert same_parameters(first, crnn.RNN("abc", 9, seed=first.seed))


def test_float32_weights_are_the_float64_ones_rounded() -> None:
    wide, narrow = (crnn.RNN("abc", 9, dtype, seed=5) for dtype in ("float64", "float32"))
    for name in PARAMETERS:
        rounded = getattr(wide, name).astype("float32")
        np.testing.assert_array_equal(getattr(narrow, name), rounded)


def test_views_are_live_and_cannot_be_replaced(model: crnn.RNN) -> None:
    before = model.state().feed("a")
    model.by += np.array([[0], [0], [3], [0], [0]])
    after = model.state().feed("a")
    assert after[2] > before[2]
    with pytest.raises(AttributeError, match=r"by is a view.*model\.by\[:\]"):
        model.by = np.zeros((5, 1))


@DTYPES
def test_from_arrays_copies_and_keeps_the_order_of_characters(dtype: str) -> None:
    rng = np.random.default_rng(1)
    shapes = ((4, 3), (4, 4), (3, 4), (4, 1), (3, 1))
    arrays = [np.asfortranarray(rng.normal(size=shape).astype(dtype)) for shape in shapes]
    model = crnn.RNN.from_arrays(["z", "a", "m"], *arrays)
    assert model.vocab.chars == "zam"
    assert model.dtype == dtype
    for name, array in zip(PARAMETERS, arrays, strict=True):
        np.testing.assert_array_equal(getattr(model, name), array)
    arrays[4][:] = 7
    assert not (model.by == 7).any()


@pytest.mark.parametrize(
    ("chars", "error", "message"),
    [
        ("abcd", ValueError, r"chars has 4 characters but Wxh has shape \(2, 3\)"),
        ("aab", ValueError, "chars"),
        ([1, "b", "c"], TypeError, r"chars\[0\] is 1, expected a str"),
    ],
)
def test_from_arrays_refuses_characters_that_do_not_fit(
    chars: str, error: type[Exception], message: str
) -> None:
    zeros = [np.zeros(shape) for shape in ((2, 3), (2, 2), (3, 2), (2, 1), (3, 1))]
    with pytest.raises(error, match=message):
        crnn.RNN.from_arrays(chars, *zeros)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"hidden_size": 0}, ValueError, "hidden_size is 0, expected an integer of at least 1"),
        ({"hidden_size": -3}, ValueError, "hidden_size is -3"),
        ({"hidden_size": 1.5}, TypeError, "hidden_size is 1.5, expected an integer"),
        ({"hidden_size": True}, TypeError, "hidden_size is True"),
        ({"hidden_size": 10**9}, MemoryError, "hidden_size is 1,000,000,000.*are needed"),
        ({"dtype": "float16"}, ValueError, "dtype is 'float16', expected 'float32' or 'float64'"),
        ({"dtype": "nonsense"}, ValueError, "dtype is 'nonsense'"),
        ({"dtype": None}, ValueError, "dtype is 'None'"),
        ({"dtype": ">f4"}, ValueError, "dtype is '>f4'"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": 1.5}, TypeError, "seed"),
        ({"vocab": ""}, ValueError, "chars"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        crnn.RNN(**({"vocab": "abc"} | arguments))


def test_one_character_and_one_unit_work() -> None:
    model = crnn.RNN("x", hidden_size=1)
    assert model.sample(3) == "xxx"
    assert model.state().feed("xx").tolist() == [1]


# --- samples --------------------------------------------------------------------------------------


def test_sample_is_new_text_without_the_prime(model: crnn.RNN) -> None:
    text = model.sample(50, prime="abc", seed=1)
    assert len(text) == 50
    assert set(text) <= set("abcde")
    assert model.sample(50, prime="abc", seed=1) == text
    assert model.sample(50, prime="abc", seed=2) != text
    assert model.sample(0) == ""


def test_sample_without_a_prime_begins_with_the_fresh_state(model: crnn.RNN) -> None:
    model.by[:] = 0
    model.by[3] = 1000
    assert model.sample(1, seed=0) == "d"


def test_draws_follow_the_probabilities(model: crnn.RNN) -> None:
    p = model.state().feed("ab")
    draws = "".join(model.sample(1, prime="ab", seed=seed) for seed in range(4000))
    shares = np.array([draws.count(char) / 4000 for char in "abcde"])
    assert np.all(np.abs(shares - p) < 4 * np.sqrt(p * (1 - p) / 4000))


def test_temperature_sharpens_and_zero_takes_the_most_probable(model: crnn.RNN) -> None:
    best = "abcde"[int(model.state().feed("ab").argmax())]
    assert {model.sample(1, "ab", temperature=0, seed=seed) for seed in range(20)} == {best}
    cold, hot = (
        sum(model.sample(1, "ab", heat, seed) == best for seed in range(300)) for heat in (0.3, 5)
    )
    assert cold > hot


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_temperature_too_small_to_invert_is_as_good_as_zero(dtype: str) -> None:
    model = crnn.RNN("abcde", hidden_size=6, dtype=dtype, seed=1)
    assert model.sample(30, temperature=1e-320) == model.sample(30, temperature=0)


def test_a_stream_is_the_sample_character_by_character(model: crnn.RNN) -> None:
    stream = model.stream(5000, prime="ab", temperature=0.9, seed=3)
    first = next(stream)
    assert first + "".join(stream) == model.sample(5000, prime="ab", temperature=0.9, seed=3)
    with pytest.raises(ValueError, match="length is -1"):
        model.stream(-1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"prime": "aß"}, ValueError, r"prime.*'ß'.*U\+00DF"),
        ({"length": -1}, ValueError, "length is -1, expected at least 0"),
        ({"length": 2.5}, TypeError, "length is 2.5"),
        ({"length": 10**16}, MemoryError, "length is 10,000,000,000,000,000: .*are needed"),
        ({"temperature": -0.1}, ValueError, "temperature is -0.1, expected a finite number"),
        ({"temperature": np.nan}, ValueError, "temperature is nan"),
        ({"temperature": np.inf}, ValueError, "temperature is inf"),
        ({"temperature": "hot"}, TypeError, "temperature is 'hot', expected a number"),
        ({"seed": -1}, ValueError, "seed"),
    ],
)
def test_bad_arguments_of_sample(
    model: crnn.RNN, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        model.sample(**({"length": 3} | arguments))


@pytest.mark.parametrize("temperature", [0, 1])
def test_nan_in_the_parameters_is_an_error_of_sample(model: crnn.RNN, temperature: float) -> None:
    model.Whh[0, 0] = np.nan
    assert np.isnan(model.state().feed("a")).all()
    with pytest.raises(ValueError, match="probabilities contain NaN at character 0"):
        model.sample(5, prime="a", temperature=temperature)


# --- files ----------------------------------------------------------------------------------------


@DTYPES
def test_a_saved_model_comes_back_bit_for_bit(tmp_path: Path, dtype: str) -> None:
    vocab = crnn.Vocab("\0\r\n𝄞é" + chr(0x10FFFF))
    model = crnn.RNN(vocab, hidden_size=7, dtype=dtype, seed=[1, 2])
    model.Whh[0, 1], model.by[2] = np.nan, -0.0
    model.save(tmp_path / "m.safetensors")
    back = crnn.load(tmp_path / "m.safetensors")
    assert same_parameters(back, model)
    assert back.vocab == vocab
    assert back.dtype == model.dtype
    assert back.seed is not None
    assert back.seed.entropy == [1, 2]


def test_parameters_from_elsewhere_are_saved_without_a_seed(tmp_path: Path) -> None:
    zeros = [np.zeros(shape) for shape in ((2, 3), (2, 2), (3, 2), (2, 1), (3, 1))]
    crnn.RNN.from_arrays("abc", *zeros).save(tmp_path / "m")
    assert crnn.load(tmp_path / "m").seed is None


def test_saving_keeps_the_old_file_if_asked(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    crnn.RNN("ab", 2).save(path)
    old = path.read_bytes()
    crnn.RNN("abc", 2).save(path, keep=True)
    assert (tmp_path / "m.safetensors.bak").read_bytes() == old
    assert len(crnn.load(path).vocab) == 3


def good_parts() -> tuple[dict[str, Any], dict[str, Any]]:
    model = crnn.RNN("abc", 2)
    return dict(model._tensors()), dict(model._header())


@pytest.mark.parametrize("missing", ["Why", "vocabulary", "weights_seed"])
def test_a_checkpoint_that_lacks_something_is_named(tmp_path: Path, missing: str) -> None:
    tensors, header = good_parts()
    tensors.pop(missing, None)
    header.pop(missing, None)
    checkpoint.write(tmp_path / "m", tensors, header)
    with pytest.raises(
        crnn.CheckpointError, match=f"m' does not describe a model: .*{missing}.* missing"
    ):
        crnn.load(tmp_path / "m")


@pytest.mark.parametrize(
    ("name", "value"),
    [("Why", np.zeros((3, 3), "float32")), ("by", np.zeros((3, 1))), ("bh", np.zeros(2, "int32"))],
)
def test_a_checkpoint_whose_arrays_do_not_fit_is_refused(
    tmp_path: Path, name: str, value: Any
) -> None:
    tensors, header = good_parts()
    checkpoint.write(tmp_path / "m", tensors | {name: value}, header)
    with pytest.raises(crnn.CheckpointError, match=f"does not describe a model: {name} "):
        crnn.load(tmp_path / "m")


@pytest.mark.parametrize(
    "points", ["abc", [97, 97, 98], [2**70, 1, 2], [97.0, 98.0, 99.0], [-1, 2, 3], [2**40, 1, 2]]
)
def test_a_checkpoint_with_an_impossible_vocabulary_is_refused(tmp_path: Path, points: Any) -> None:
    tensors, header = good_parts()
    checkpoint.write(tmp_path / "m", tensors, header | {"vocabulary": points})
    with pytest.raises(crnn.CheckpointError, match="m' does not describe a model"):
        crnn.load(tmp_path / "m")


def test_repr_says_what_it_is(model: crnn.RNN) -> None:
    assert re.fullmatch(r"RNN\(5 characters, hidden_size=6, dtype='float64'\)", repr(model))


# --- more characters ------------------------------------------------------------------------------


@DTYPES
def test_a_model_learns_new_characters_and_predicts_as_before(text: str, dtype: str) -> None:
    model = crnn.RNN(crnn.Vocab.from_text(text), hidden_size=13, dtype=dtype, seed=1)
    crnn.Trainer(model, text, seq_length=9, sample_every=0).train(2000)
    grown = model.extend(text + "ж☃9", seed=3)
    V = len(model.vocab)
    assert grown.vocab.chars == model.vocab.chars + "9ж☃"
    assert np.array_equal(grown.Wxh[:, :V], model.Wxh)
    assert np.array_equal(grown.Why[:V], model.Why)
    assert np.array_equal(grown.by[:V], model.by)
    assert np.array_equal(grown.Whh, model.Whh)
    assert not grown.Why[V:].any()
    assert grown.Wxh[:, V:].all()
    old, new = model.state(), grown.state()
    for char in text[:200]:
        p, q = old.feed(char), new.feed(char)
        assert q[V:].sum() < 1e-6
        assert np.max(np.abs(np.log(q[:V].astype(float)) - np.log(p.astype(float)))) < 2e-6
    assert new.feed("☃").shape == (V + 3,)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 40), st.integers(0, 99))
@settings(max_examples=40)
def test_new_characters_are_rare_in_every_state(V: int, H: int, more: int, seed: int) -> None:
    """Also where weights are large, and in the corners where every |h| is 1."""
    rng = np.random.default_rng(seed)
    chars = "".join(map(chr, range(65, 65 + V + more)))
    model = crnn.RNN(chars[:V], hidden_size=H, dtype="float64", seed=seed)
    model.Why[:] = rng.normal(size=(V, H)) * 10 ** rng.uniform(-2, 1.5)
    model.by[:] = rng.normal(size=(V, 1)) * 5
    grown = model.extend(chars)
    for h in (*np.sign(model.Why), *-np.sign(model.Why), rng.uniform(-1, 1, H)):
        y = grown.Why @ h[:, None] + grown.by
        p = np.exp(y - y.max()) / np.sum(np.exp(y - y.max()))
        assert p[V:].sum() < 1e-6


def test_nothing_new_is_a_copy(text: str) -> None:
    model = crnn.RNN(crnn.Vocab.from_text(text), hidden_size=5)
    same = model.extend(text)
    assert same_parameters(model, same)
    same.Whh[:] = 0
    assert model.Whh.any()


# --- other forms of the same model ----------------------------------------------------------------


@DTYPES
def test_pickles_and_copies_are_the_same_model_on_their_own(dtype: str) -> None:
    model = crnn.RNN("abc", hidden_size=5, dtype=dtype, seed=[3, 4])
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), copy.copy(model)):
        assert same_parameters(model, other)
        assert other.vocab == model.vocab
        assert other.seed is not None
        assert other.seed.entropy == [3, 4]
        other.by[:] = 1
        assert not model.by.any()


def test_a_damaged_pickle_is_refused() -> None:
    data = pickle.dumps(crnn.RNN("abc", hidden_size=5))
    at = data.index(b"crnn-1")
    with pytest.raises(crnn.CheckpointError):
        pickle.loads(data[:at] + b"crnn-X" + data[at + 6 :])


def test_astype_rounds_once_and_widening_changes_nothing() -> None:
    model = crnn.RNN("abcde", hidden_size=33, dtype="float64", seed=1)
    model.Whh[0, :4] = [1 + 2**-24, 1 + 2**-24 + 2**-40, 1e-310, -1e39]
    with np.errstate(over="ignore"):
        expected = {name: getattr(model, name).astype("float32") for name in PARAMETERS}
    narrow = model.astype("float32")
    wide = narrow.astype(np.float64)
    for name in PARAMETERS:
        assert getattr(narrow, name).tobytes() == expected[name].tobytes()
        assert getattr(wide, name).tobytes() == expected[name].astype(float).tobytes()
    assert same_parameters(model, model.astype("float64"))
    assert narrow.seed is model.seed
    with pytest.raises(ValueError, match="dtype is 'int8'"):
        model.astype("int8")


# --- fingerprints ---------------------------------------------------------------------------------


def small(dtype: str = "float32", chars: str = "abc") -> crnn.RNN:
    return crnn.RNN(chars, hidden_size=3, dtype=dtype, seed=1)


def test_a_fingerprint_is_this_one_everywhere() -> None:
    assert small().fingerprint == "45a0d4b957d1aee44afec52822f0b9dbce1d72665fe5c9321e98fdacd2652e4f"
    assert (
        small("float64").fingerprint
        == "0bcd5cd08fd2e7d92bdef3fbe014aad491e70b0e5bf8bf6510603634ba660cb0"
    )


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_counts_in_a_fingerprint(name: str) -> None:
    changed = small()
    array = getattr(changed, name)
    array[-1, -1] = np.nextafter(array[-1, -1], np.float32(1))
    assert changed.fingerprint != small().fingerprint


def test_characters_and_their_order_count_in_a_fingerprint() -> None:
    assert len({small(chars=chars).fingerprint for chars in ("abc", "acb", "abd")}) == 3


def test_files_and_seeds_do_not_count_in_a_fingerprint(tmp_path: Path) -> None:
    ours = small()
    ours.save(tmp_path / "m.safetensors")
    loaded = crnn.load(tmp_path / "m.safetensors")
    loaded.seed = None
    assert loaded.fingerprint == ours.fingerprint
