"""Draft: characters, counts and starts as plain Python finds them."""

from __future__ import annotations

from collections import Counter

import pytest
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
        numbers = [number for piece in draft.pieces() for number in piece.tolist()]
        assert [draft.code_points[number] for number in numbers] == list(map(ord, text))
        assert draft.characters == len(text)
        distinct = map(chr, draft.code_points.tolist())
        assert dict(zip(distinct, draft.counts.tolist(), strict=True)) == Counter(text)
        starts = [start for piece in draft.starts() for start in piece.tolist()]
        assert starts == starts_of(whole, documents)
        assert draft.documents == len(starts)


@pytest.mark.parametrize(("distinct", "size"), [(255, 1), (256, 2), (65_535, 2), (65_536, 4)])
def test_pieces_are_as_narrow_as_they_can_be(distinct: int, size: int) -> None:
    with Draft("none", None) as draft:
        for text in ("a", "".join(map(chr, range(distinct))), "\0", chr(distinct - 1)):
            draft.add(text)
        first, *others = draft.pieces()
        assert [first.itemsize, *(piece.itemsize for piece in others)] == [1, size, size, size]
        assert first == [0]
        last = draft.code_points[others[2]]
        assert last == [distinct - 1]
        assert len(draft.code_points) == distinct
        assert draft.counts.sum() == distinct + 3
