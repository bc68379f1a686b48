"""How texts are grouped, read in slices, and shared out among threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_score import lively

from crnn.reading import PIECE, Group, Passage, Reader, groups_of, in_order
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


def test_results_come_in_order_and_few_groups_are_taken_in_advance() -> None:
    taken: list[int] = []

    def groups() -> Iterator[Group]:
        for number in range(20):
            taken.append(number)
            yield Group(number, [])

    results = in_order(Reader(lively()), lambda group: group.first, groups(), threads=2)
    assert next(results) == 0
    assert len(taken) <= 6
    assert list(results) == list(range(1, 20))


def test_an_error_in_one_thread_ends_the_others() -> None:
    model = lively(hidden_size=300)
    passage = Passage.of(model.vocab, ["abcde" * 1_000_000], "error", ["text"])
    reader, begun = Reader(model), threading.Event()
    ends: list[str] = []

    def work(group: Group) -> None:
        if group.first == 1:
            begun.wait()
            raise KeyboardInterrupt
        begun.set()
        try:
            reader.read(passage)  # would take many seconds
        except CancelledError:
            ends.append("stopped")
            raise

    groups = (Group(number, []) for number in (1, 0))
    with pytest.raises(KeyboardInterrupt):
        list(in_order(reader, work, groups, threads=2))
    assert ends == ["stopped"]
