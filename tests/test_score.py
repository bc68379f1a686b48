"""Scores of texts: beside the notebook's losses, as values, of unknown characters, in pieces."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import contract, notebook

import crnn
from crnn import reading
from crnn.model import PARAMETERS
from crnn.score import Score, advance

ALPHABETS = {
    "ASCII": "the cat sat on the mat, 'quoted' & 100% sure.\n\ttab",
    "Cyrillic": "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "Greek": "Ξεσκεπάζω τὴν ψυχοφθόρα βδελυγμία",
    "CJK": "天地玄黃宇宙洪荒日月盈昃辰宿列張いろはにほへとちりぬるを",
    "astral": "🙂🙃👩‍👩‍👧 𝒜𝒷𝒸 𐍈 e\u0301 \U0010ffff",
}


def lively(chars: str = "abcde", hidden_size: int = 6, dtype: str = "float64") -> crnn.RNN:
    """A small model that is far from uniform."""
    model = crnn.RNN(chars, hidden_size, dtype=dtype, seed=1)
    for name in PARAMETERS:
        getattr(model, name)[:] *= 60
    model.by[:, 0] = np.linspace(-1, 1, len(chars))
    return model


def oracle_nats(model: crnn.RNN, text: str) -> list[float]:
    """Return each character's surprise by the notebook's equations, one character at a time."""
    params = notebook.Parameters(*(np.array(getattr(model, name)) for name in PARAMETERS))
    x, nats = model.vocab.encode(text).tolist(), []
    y = params.by
    h = np.zeros((model.hidden_size, 1))
    for t, target in enumerate(x):
        nats.append(float(np.log(np.exp(y - y.max()).sum()) - (y[target, 0] - y.max())))
        if t + 1 < len(x):
            h = np.tanh(params.Wxh[:, [target]] + params.Whh @ h + params.bh)
            y = params.Why @ h + params.by
    return nats


@pytest.mark.parametrize("name", ALPHABETS)
@pytest.mark.parametrize("backwards", [False, True])
def test_scores_are_the_oracles(name: str, backwards: bool) -> None:
    text = ALPHABETS[name] * 3
    text = text[::-1] if backwards else text
    model = lively("".join(sorted(set(text))), 31)
    model.Whh[:] /= 6  # no chaos, which would make last bits grow from character to character
    score, wanted = model.score(text), np.array(oracle_nats(model, text))
    assert (np.abs(score.nats - wanted) <= 1e-11 * wanted).all()  # false for a NaN
    total = math.fsum(wanted)
    assert abs(score.total - total) <= 1e-11 * total
    assert abs(score.mean - total / len(text)) <= 1e-11 * score.mean
    assert abs(score.bits_per_char - score.mean / math.log(2)) <= 1e-15 * score.bits_per_char
    assert abs(score.perplexity - math.exp(score.mean)) <= 1e-14 * score.perplexity
    by = np.exp(model.by - model.by.max())
    probabilities = by / by.sum()
    assert abs(score.entropy[0] + (probabilities * np.log(probabilities)).sum()) <= 1e-11
    first = model.vocab.encode(text)[0]
    assert score.rank[0] == 1 + (model.by > model.by[first]).sum()


def test_losses_of_the_notebook_are_scores_but_of_the_first_character() -> None:
    model, text = lively(), "abcdeedcbaabc"
    params = notebook.Parameters(*(np.array(getattr(model, name)) for name in PARAMETERS))
    x = model.vocab.encode(text).tolist()
    loss = float(notebook.loss_only(params, x[:-1], x[1:], np.zeros((6, 1))))
    assert abs(model.score(text).nats[1:].sum() - loss) <= 1e-12 * loss


@given(
    st.text("abcde", max_size=60),
    st.lists(st.integers(0, 60)),
    st.sampled_from(["float32", "float64"]),
)
def test_pieces_have_the_scores_of_the_whole(text: str, cuts: list[int], dtype: str) -> None:
    model = lively(dtype=dtype)
    whole, state, at = model.score(text), model.state(), 0
    pieces = []
    for cut in [*sorted(cuts), len(text)]:
        pieces.append(advance(state, text[at : max(at, cut)]))
        at = max(at, cut)
    for name in ("nats", "rank", "entropy"):
        array = getattr(whole, name)
        parts = np.concatenate([getattr(piece, name) for piece in pieces])
        assert (parts.dtype, parts.tobytes()) == (array.dtype, array.tobytes())
    read = model.state()
    read.feed(text)
    assert state == read


@given(st.lists(st.text("abcdex", max_size=100), max_size=30), st.sampled_from(["skip", "uniform"]))
def test_many_texts_have_the_scores_of_each_alone(texts: list[str], unknown: str) -> None:
    model = lively()
    assert model.score_many(texts, unknown=unknown) == [
        model.score(text, unknown=unknown) for text in texts
    ]


def test_any_number_of_threads_and_any_groups_give_the_same_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, rng = lively(dtype="float32"), np.random.default_rng(1)
    texts = ["".join(rng.choice(list("abcde"), n)) for n in rng.integers(0, 90, 200)]
    texts[50] *= 30
    wanted = [pickle.dumps(score) for score in model.score_many(texts)]
    for piece, threads in ((1, 1), (100, 2), (500, 3), (2000, 100)):
        monkeypatch.setattr(reading, "PIECE", piece)
        monkeypatch.setattr("crnn.score.PIECE", piece)
        scores = model.score_many(iter(texts), threads=threads)
        assert [pickle.dumps(score) for score in scores] == wanted


def test_a_state_says_where_to_begin_and_stays() -> None:
    model = lively()
    state = model.state()
    state.feed("abc")
    before = state.copy()
    score = model.score("de", state=state)
    assert state == before
    assert score.nats.tolist() == model.score("abcde").nats[3:].tolist()
    twin = pickle.loads(pickle.dumps(state))  # of an equal model, which is another object
    assert model.score("de", state=twin) == score


def test_an_empty_text_has_a_score() -> None:
    empty = lively().score("")
    assert (len(empty), empty.total, empty.count, empty.unknown) == (0, 0.0, 0, 0)
    assert all(math.isnan(x) for x in (empty.mean, empty.bits_per_char, empty.perplexity))
    assert repr(empty) == "<Score of 0 characters>"
    assert lively().score_many([]) == []
    assert lively().score_many(["", ""]) == [empty, empty]


def test_unknown_characters_are_skipped_or_uniform_and_not_read() -> None:
    model = lively()
    known = model.score("abcd")
    skipped = model.score("a\U0001f600bcd!", unknown="skip")
    places = [0, 2, 3, 4]
    assert skipped.nats[places].tobytes() == known.nats.tobytes()
    assert np.isnan(skipped.nats[[1, 5]]).all()
    assert np.isnan(skipped.entropy[[1, 5]]).all()
    assert skipped.rank[[1, 5]].tolist() == [0, 0]
    assert (skipped.total, skipped.count, skipped.unknown) == (known.total, 4, 2)
    uniform = model.score("a\U0001f600bcd!", unknown="uniform")
    log_v = float(contract.log(np.array([5.0]))[0])
    assert uniform.nats[[1, 5]].tolist() == uniform.entropy[[1, 5]].tolist() == [log_v] * 2
    assert uniform.rank[[1, 5]].tolist() == [5, 5]
    assert (uniform.count, uniform.unknown) == (6, 2)
    assert uniform.nats[places].tobytes() == known.nats.tobytes()
    assert repr(skipped).endswith("; 2 unknown>")
    assert model.score("!!", unknown="skip").mean != 0  # NaN: nothing was scored
    state = model.state()
    advance(state, "a!b", unknown="skip")
    assert state == _having_read(model, "ab")


def _having_read(model: crnn.RNN, text: str) -> crnn.State:
    state = model.state()
    state.feed(text)
    return state


def test_an_error_leaves_the_state_as_it_was() -> None:
    model = lively()
    state = _having_read(model, "ab")
    with pytest.raises(ValueError, match="text has a character that the vocabulary"):
        advance(state, "ab!")
    assert state == _having_read(model, "ab")


def test_unknown_characters_are_named_with_their_text_and_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = lively()
    with pytest.raises(ValueError, match=r"text has .* lacks: '!' U\+0021 .* at position 3"):
        model.score("abc!")
    monkeypatch.setattr("crnn.score.PIECE", 2)
    with pytest.raises(ValueError, match=r"text has .* lacks: '!' U\+0021 .* at position 3"):
        model.score("abc!")
    with pytest.raises(ValueError, match=r"texts\[2\] has .*'é' U\+00E9 .* at position 1"):
        model.score_many(["ab", "", "aé", "é"])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: m.score(b"ab"), TypeError, "text is a bytes, expected a str"),
        (lambda m: m.score("a", unknown="maybe"), ValueError, "unknown is 'maybe', expected 'err"),
        (lambda m: m.score("a", unknown=None), ValueError, "unknown is None"),
        (lambda m: m.score("a", state=3), TypeError, "state is of type int, expected a State"),
        (lambda m: m.score("a", state=lively("abcdf").state()), ValueError, "state is of another"),
        (lambda m: m.score("a", state=lively(dtype="float32").state()), ValueError, "of another"),
        (lambda m: m.score_many("ab"), TypeError, "texts is one str, expected several"),
        (lambda m: m.score_many(3), TypeError, "texts is of type int"),
        (lambda m: m.score_many(["a", 5]), TypeError, r"texts\[1\] is of type int, expected a str"),
        (lambda m: m.score_many(["a"], threads=0), ValueError, "threads is 0, expected at least 1"),
        (lambda m: m.score_many(["a"], threads=True), TypeError, "threads is True"),
        (lambda m: m.score_many([], unknown="no"), ValueError, "unknown is 'no'"),
    ],
)
def test_bad_arguments_are_named(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(lively())


def test_a_score_is_a_value() -> None:
    score = lively().score("abc!", unknown="skip")
    twin = pickle.loads(pickle.dumps(score))
    assert twin == score == copy.copy(score) == copy.deepcopy(score)
    assert (twin.total, twin.count, twin.unknown) == (score.total, 3, 1)
    assert score != lively().score("abd!", unknown="skip")
    assert score != lively().score("abc")
    assert score != 3
    with pytest.raises(TypeError, match="unhashable"):
        hash(score)
    with pytest.raises(AttributeError):
        score.total = 3.0  # type: ignore[misc]
    with pytest.raises(ValueError, match="have 4, 3 and 4 elements, expected one number of them"):
        Score(score.nats, score.rank[1:], score.entropy)


def test_nan_parameters_are_seen_in_totals() -> None:
    model = lively()
    model.by[:] = np.nan
    score = model.score("abc")
    assert math.isnan(score.total)
    assert score.count == 3
    assert score.rank.tolist() == [5, 5, 5]
