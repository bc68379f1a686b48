"""Copying: beside searching every piece of every sample with Python's own search."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from crnn.analysis import copying as module
from crnn.analysis.copying import PIECE, copying

words = st.lists(st.sampled_from(["to be ", "or not ", "that is ", "the "]), max_size=12)
texts = words.map("".join)


def indices(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


@given(st.lists(texts, max_size=3), texts)
def test_it_is_what_search_finds(samples: list[str], text: str) -> None:
    found = copying([indices(sample) for sample in samples], indices(text))
    windows = [
        sample[begin : begin + length]
        for sample in samples
        for length in range(1, len(sample) + 1)
        for begin in range(len(sample) - length + 1)
    ]
    pieces = [window for window in windows if len(window) == PIECE]
    assert found.longest == max((len(window) for window in windows if window in text), default=0)
    assert (found.pieces, found.found) == (len(pieces), sum(piece in text for piece in pieces))
    assert found.sampled == sum(map(len, samples))
    assert found.share == (found.found / len(pieces) if pieces else None)


def test_only_the_beginning_of_long_samples_is_looked_at() -> None:
    text = indices("a" * 3000)
    found = copying([text, text, indices("b" * 100)], text)
    assert (found.sampled, found.longest) == (module.SAMPLED, 3000)
    assert found.pieces == found.found == 3000 - 19 + 1000 - 19
