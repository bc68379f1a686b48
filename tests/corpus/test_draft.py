"""Draft: characters, counts and starts as plain Python finds them."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crnn.corpus.draft import Draft

FILES = st.lists(st.lists(st.text(st.characters() | st.sampled_from("\n\r"), max_size=5)))


def starts_of(files: list[str], documents: str) -> list[int]:
    pieces = {
        "none": ["".join(files)],
        "file": files,
        "line": [line for file in files for line in lines(file)],
    }[documents]
    sizes = [len(piece) for piece in pieces if piece]
    return [sum(sizes[:at]) for at in range(len(sizes))]


def lines(text: str) -> list[str]:
    """Return what ends with a newline: `str.splitlines` knows too many ends."""
    *whole, rest = text.split("\n")
    return [line + "\n" for line in whole] + [rest]


@given(FILES, st.sampled_from(["none", "file", "line"]))
def test_nothing_is_lost(files: list[list[str]], documents: str) -> None:
    with Draft(documents, None) as draft:
        for file in files:
            draft.begin_file()
            for piece in file:
                draft.add(piece)
        whole = ["".join(file) for file in files]
        text = "".join(whole)
        points = [point for piece in draft.pieces() for point in piece.tolist()]
        assert points == list(map(ord, text))
        assert draft.characters == len(text)
        assert {chr(p): draft.counts[p] for p in np.flatnonzero(draft.counts)} == Counter(text)
        starts = [start for piece in draft.starts() for start in piece.tolist()]
        assert starts == starts_of(whole, documents)
        assert draft.documents == len(starts)


def test_pieces_are_as_narrow_as_they_can_be() -> None:
    with Draft("none", None) as draft:
        for text in ("a", "\xff", "\u0100", "\udc81", "\U0001f600"):
            draft.add(text)
        assert [piece.itemsize for piece in draft.pieces()] == [1, 1, 2, 2, 4]
