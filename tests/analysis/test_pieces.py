"""Pieces in a text: what Python's own search finds, in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn.analysis import pieces
from crnn.analysis.pieces import any_stands_in, stand_in


@given(st.data(), st.integers(1, 9), st.sampled_from([np.uint8, np.uint16, np.int32]))
def test_it_finds_what_search_finds(data: Any, length: int, dtype: Any) -> None:
    piece = st.binary(min_size=length, max_size=length).map(lambda raw: bytes(c % 3 for c in raw))
    wanted = data.draw(st.lists(piece, max_size=8))
    text = data.draw(st.binary(max_size=60).map(lambda raw: bytes(c % 3 for c in raw)))
    array = np.array([list(each) for each in wanted], dtype).reshape(len(wanted), length)
    found = stand_in(array, np.array(list(text), dtype))
    assert found.tolist() == [each in text for each in wanted]
    assert any_stands_in(array, np.array(list(text), dtype)) == found.any()


@pytest.mark.parametrize("length", [1, 2, 7, 50])
def test_nothing_is_lost_where_chunks_meet(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "_CHUNK", 64)
    text = np.random.default_rng(0).integers(0, 200, 500)
    windows = np.lib.stride_tricks.sliding_window_view(text, length)
    assert stand_in(windows, text).all()
    assert not stand_in(windows + 200, text).any()


def test_equal_hashes_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    # with the multiplier 1 the hash is a sum: all orders of the same numbers collide
    monkeypatch.setattr(pieces, "_MULTIPLIER", 1)
    text = np.array([1, 2, 3, 9, 3, 2, 1, 9, 2, 1, 3, 9] * 5)
    wanted = np.array([[1, 2, 3], [3, 1, 2], [3, 2, 1], [2, 1, 3], [1, 3, 2]])
    assert stand_in(wanted, text).tolist() == [True, False, True, True, False]


def test_the_same_piece_everywhere() -> None:
    text = np.zeros(300_000, np.uint8)
    assert stand_in(text[:2000].reshape(1, -1), text).tolist() == [True]


@pytest.mark.parametrize("shape", [(3,), (2, 0)])
def test_pieces_need_a_length(shape: tuple[int, ...]) -> None:
    for function in (stand_in, any_stands_in):
        with pytest.raises(ValueError, match=r"pieces has shape .* expected \(n_pieces, length\)"):
            function(np.zeros(shape, int), np.zeros(3, int))
