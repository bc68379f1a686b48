"""How texts are grouped, read in slices, and shared out among threads."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crnn.reading import PIECE, Passage, groups_of
from crnn.vocab import Vocab


@given(st.lists(st.integers(0, PIECE + 9) | st.sampled_from([0, PIECE // 3]), max_size=20))
def test_groups_are_all_texts_in_order_and_not_too_large(lengths: list[int]) -> None:
    texts = ["x" * n for n in lengths]
    groups = list(groups_of(texts))
    assert [text for group in groups for text in group.texts] == texts
    assert [group.first for group in groups] == np.cumsum(
        [0, *(len(group.texts) for group in groups)]
    )[:-1].tolist()
    for group in groups:
        assert len(group.texts) == 1 or sum(map(len, group.texts)) <= PIECE


def test_empty_texts_too_make_more_than_one_group() -> None:
    assert len(list(groups_of([""] * (PIECE + 2)))) > 1


@given(st.lists(st.text("abé🙂", max_size=9), max_size=9))
def test_passages_leave_out_what_is_unknown(texts: list[str]) -> None:
    vocab = Vocab("ba")
    passage = Passage.of(vocab, texts, "skip", [""] * len(texts))
    kept = ["".join(c for c in text if c in "ab") for text in texts]
    assert passage.lengths == [len(text) for text in kept]
    assert vocab.decode(passage.indices) == "".join(kept)
    known = [c in "ab" for text in texts for c in text]
    if passage.known is None:
        assert all(known)
    else:
        assert passage.known.tolist() == known
