"""Corpus: its parts, its hash, and what it shows."""

from __future__ import annotations

import hashlib
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn.corpus import Corpus, Reading, corpus_of_text

TEXTS = st.text(st.sampled_from("ab\n\u0416"), min_size=1, max_size=30)


def hash_of(corpus: Corpus) -> str:
    return hashlib.sha256(corpus.indices.astype("<i4").tobytes()).hexdigest()


@given(TEXTS, st.data())
def test_a_part_is_a_corpus(text: str, data: Any) -> None:
    corpus = corpus_of_text(text, Reading(documents="line"))
    begin = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(begin + 1, len(text)))
    part = corpus.part(begin, end)
    assert part.text() == text[begin:end]
    lines = [at + 1 for at, char in enumerate(text[begin : end - 1]) if char == "\n"]
    assert part.starts.tolist() == [0, *lines]
    assert part.starts.dtype == np.int64
    assert np.shares_memory(part.indices, corpus.indices)
    assert part.sha256 == hash_of(part)
    assert corpus.sha256 == corpus.part(0, len(text)).sha256 == hash_of(corpus)


def test_the_hash_is_of_all_pieces() -> None:
    corpus = corpus_of_text("abc" * 700_000)
    assert corpus.sha256 == corpus.part(0, 2_100_000).sha256 == hash_of(corpus)


@pytest.mark.parametrize(("begin", "end"), [(-1, 2), (2, 2), (0, 4), (3, 1)])
def test_places_that_are_none(begin: int, end: int) -> None:
    with pytest.raises(ValueError, match=f"begin is {begin} and end is {end}, expected 0 <= begin"):
        corpus_of_text("abc").part(begin, end)


def test_it_shows_its_sizes_and_pickles() -> None:
    corpus = corpus_of_text("a\nb", Reading(documents="line"))
    assert repr(corpus) == "<Corpus of 3 characters, 3 distinct, in 2 documents>"
    assert (corpus.characters, corpus.documents) == (3, 2)
    assert pickle.loads(pickle.dumps(corpus)).text() == "a\nb"
    assert repr(corpus_of_text("a")) == "<Corpus of 1 character, 1 distinct, in 1 document>"
