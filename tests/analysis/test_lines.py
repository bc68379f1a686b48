"""The lines of a text and their scores."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crnn
from crnn.analysis import lines, tally
from crnn.analysis.lines import scored_lines
from crnn.analysis.tally import Tally
from crnn.model import PARAMETERS


@pytest.fixture(scope="module")
def model() -> crnn.RNN:
    model = crnn.RNN("ab\n\r", hidden_size=5, seed=1)
    for name in PARAMETERS:
        getattr(model, name)[:] *= 60
    return model


def test_examples_run() -> None:
    for module in (lines, tally):
        assert doctest.testmod(module).failed == 0


TEXTS = st.text("ab\n\r", max_size=30)


def cut(text: str, places: list[int]) -> list[str]:
    ends = sorted({place % (len(text) + 1) for place in places} | {len(text)})
    pieces = [text[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    return [piece for piece in pieces if piece]


@given(text=TEXTS, places=st.lists(st.integers(0, 99)), apart=st.booleans())
def test_lines_are_those_of_the_text_however_it_is_cut(
    model: crnn.RNN, text: str, places: list[int], apart: bool
) -> None:
    found = list(scored_lines(model, cut(text, places), apart=apart))
    assert "".join(line.text for line in found) == text
    assert [line.number for line in found] == list(range(1, len(found) + 1))
    assert all(line.text.endswith("\n") for line in found[:-1])
    whole, end = model.score(text), 0
    for _, line, scored in found:
        begin, end = end, end + len(line)
        alone = model.score(line)
        if apart:
            assert scored.nats == alone.total
        else:
            total = 0.0
            for nats in whole.nats[begin:end].tolist():
                total += nats
            assert scored.nats == total
        assert scored.count == len(line)
        assert scored.bits_per_char == pytest.approx(scored.nats / len(line) / np.log(2))


@pytest.mark.parametrize("apart", [False, True])
def test_an_unknown_character_is_named_with_its_line(model: crnn.RNN, apart: bool) -> None:
    pieces = ["ab\na", "b\nba", "bxa\n"]
    with pytest.raises(ValueError, match=r"^line 3 has a character .*'x'.* at position 3"):
        list(scored_lines(model, pieces, apart=apart))
    found = list(scored_lines(model, pieces, "skip", apart=apart))
    assert [(line.tally.unknown, line.tally.count) for line in found] == [(0, 3), (0, 3), (1, 5)]
    found = list(scored_lines(model, pieces, "uniform", apart=apart))
    assert [(line.tally.unknown, line.tally.count) for line in found] == [(0, 3), (0, 3), (1, 6)]


@given(text=TEXTS, places=st.lists(st.integers(0, 99)))
def test_a_tally_is_the_score_of_the_whole(model: crnn.RNN, text: str, places: list[int]) -> None:
    state, pieces, mine = model.state(), Tally(), Tally()
    for piece in cut(text, places):
        pieces.add(state.score(piece))
    whole = model.score(text)
    mine.add(whole)
    assert pieces == mine
    assert (mine.nats, mine.count) == (whole.total, len(text))
    assert mine.guessed == np.count_nonzero(whole.rank == 1)
    if text:
        assert mine.perplexity == whole.perplexity
    else:
        assert np.isnan([mine.bits_per_char, mine.nats_per_char, mine.perplexity]).all()
