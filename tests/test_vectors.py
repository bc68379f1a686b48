"""Hidden states of texts and one vector a text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_score import lively

from crnn import reading


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_hidden_are_the_states_that_are_fed(dtype: str) -> None:
    model = lively(dtype=dtype)
    state = model.state()
    state.feed("ba")
    hidden = model.hidden("abcde" * 40, state=state)
    assert (hidden.shape, hidden.dtype) == ((200, 6), model.dtype)
    for h, char in zip(hidden, "abcde" * 40, strict=True):
        state.feed(char)
        assert h.tobytes() == state.h.tobytes()
    assert model.hidden("").shape == (0, 6)


def test_hidden_stays_where_a_character_is_skipped() -> None:
    model = lively()
    a, ab = model.hidden("ab")
    zero = np.zeros(6)
    got = model.hidden("!a!!b!", unknown="skip")
    np.testing.assert_array_equal(got, [zero, a, a, a, ab, ab])
    state = model.state()
    state.feed("a")
    np.testing.assert_array_equal(model.hidden("!", state=state, unknown="skip"), [a])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_vectors_are_last_and_mean_states(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = lively(dtype=dtype)
    texts = ["abc", "", "e" * 100, "d"] + ["badec" * n for n in range(30)]
    last, mean = model.embed(texts, "last"), model.embed(texts)
    for text, one, other in zip(texts, last, mean, strict=True):
        states = np.concatenate([np.zeros((1, 6), dtype), model.hidden(text)])
        assert one.tobytes() == states[-1].tobytes()
        exact = states[1:].sum(axis=0, dtype=np.float64) / max(1, len(text))
        np.testing.assert_allclose(other, exact, rtol=1e-6, atol=1e-7)
    monkeypatch.setattr(reading, "PIECE", 100)
    for how, vectors in (("last", last), ("mean", mean)):
        again = model.embed(iter(texts), how, threads=3)
        assert (again.dtype, again.tobytes()) == (model.dtype, vectors.tobytes())
    assert model.embed([]).shape == (0, 6)


def test_unknown_characters_are_left_out_of_vectors() -> None:
    model = lively()
    for how in ("mean", "last"):
        got = model.embed(["a!b", "!!"], how, unknown="skip")
        np.testing.assert_array_equal(got, model.embed(["ab", ""], how))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: m.hidden(3), TypeError, "text is a int, expected a str"),
        (lambda m: m.hidden("a!"), ValueError, "text has a character .* at position 1"),
        (lambda m: m.hidden("a", unknown="uniform"), ValueError, "unknown is 'uniform', expected"),
        (lambda m: m.hidden("a", state="b"), TypeError, "state is of type str"),
        (
            lambda m: m.embed(["a"], how="sum"),
            ValueError,
            "how is 'sum', expected 'mean' or",
        ),
        (lambda m: m.embed(["a", "!"]), ValueError, r"texts\[1\] has a character"),
        (lambda m: m.embed(["a"], unknown="uniform"), ValueError, "unknown is 'uniform'"),
        (lambda m: m.embed("a"), TypeError, "texts is one str"),
        (lambda m: m.embed(["a"], threads=1.5), TypeError, "threads is 1.5"),
    ],
)
def test_bad_arguments_are_named(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(lively())


def test_states_that_no_memory_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def poor(nbytes: int) -> int:
        raise MemoryError(f"{nbytes:,} bytes are needed, this machine has 1")

    monkeypatch.setattr("crnn.vectors.affordable", poor)
    with pytest.raises(MemoryError, match="text has 3 characters, for whose states 144 bytes are"):
        lively().hidden("abc")
