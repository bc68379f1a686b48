"""Repeats: beside Python's own lines and counters."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn.analysis import repeats as module
from crnn.analysis.repeats import LEAST, PIECE, Spans, leakage, lines, repeats
from crnn.vocab import Vocab

VOCAB = Vocab("\nabcdefghij ")
texts = st.lists(st.sampled_from(["", "a", "ab", "abc", "b a"]), min_size=1, max_size=12).map(
    "\n".join
)


@pytest.fixture(autouse=True, scope="module")
def _small_chunks() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK", 5)
        yield


@given(texts.filter(len), st.integers(1, 3))
def test_lines_and_repeats(text: str, least: int) -> None:
    x = VOCAB.encode(text).astype(np.uint8)
    spans = lines(x, 0, least)
    found = [
        text[begin : begin + length]
        for begin, length in zip(*map(np.ndarray.tolist, spans), strict=True)
    ]
    expected = [line for line in text.split("\n") if len(line) >= least]
    assert found == expected
    counted, counts = repeats(x, spans), Counter(expected)
    assert (counted.count, counted.distinct) == (len(expected), len(counts))
    assert counted.copies == len(expected) - len(counts)
    assert [times for times, _, _ in counted.most] == sorted(
        (count for count in counts.values() if count > 1), reverse=True
    )[:3]
    for times, begin, length in counted.most:
        line = text[begin : begin + length]
        assert (counts[line], expected.index(line)) == (times, found.index(line))


def test_no_end_of_lines_is_one_line() -> None:
    assert [part.tolist() for part in lines(np.ones(30, np.uint8), -1)] == [[0], [30]]


def test_documents_are_compared_whole() -> None:
    x = VOCAB.encode("abcabcabd")
    found = repeats(x, Spans(np.array([0, 3, 6]), np.array([3, 3, 3])))
    assert (found.count, found.copies, found.most) == (3, 1, ((2, 0, 3),))


def test_leakage_counts_lines_and_pieces() -> None:
    rng = np.random.default_rng(0)
    fresh = ["".join(rng.choice(list("abcdefghij "), 60)) for _ in range(12)]
    text = "\n".join(fresh[:8]) + "\n"
    x = VOCAB.encode(text + "\n".join([fresh[3], *fresh[8:11], "abc"]))
    found = leakage(x, len(text), lines(x, 0))
    assert (found.lines, found.lines_found, found.lines_share) == (4, 1, 0.25)
    validation = len(x) - len(text)
    assert (found.pieces, found.pieces_found) == (validation // PIECE, 1)
    assert found.pieces_share == 1 / found.pieces


def test_a_line_that_the_cut_divides_is_in_neither_part() -> None:
    line = "abcdefghij" * 3
    x = VOCAB.encode(f"{line}\n{line}\n{line}")
    assert leakage(x, len(line) + 1, lines(x, 0)).lines == 2
    assert leakage(x, len(line) + 2, lines(x, 0)).lines == 1
    early = leakage(x, len(line) - 1, lines(x, 0))
    assert (early.lines, early.lines_found) == (2, 0)


def test_pieces_are_spread_over_long_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PIECES", 4)
    x = np.arange(20 * PIECE)
    chosen = module._spread(x)
    assert chosen.shape == (4, PIECE)
    assert (chosen[0, 0], chosen[-1, -1]) == (0, len(x) - 1)


def test_too_short_to_tell() -> None:
    x = VOCAB.encode("ab\n")
    found = leakage(x, 2, lines(x, 0))
    assert (found.lines_share, found.pieces_share) == (None, None)
    assert LEAST > 3
