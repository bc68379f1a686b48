"""Automata: what they find is what a look at the whole text finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn.sampling.automaton import Automaton

words = st.lists(st.text("abc", min_size=1, max_size=5), min_size=1, max_size=6)


def indices(text: str) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array(["abcd".index(char) for char in text], np.int32)


@given(words=words, text=st.text("abcd", max_size=30))
def test_every_character_of_a_text_is_known_for_what_it_ends(words: list[str], text: str) -> None:
    automaton = Automaton.of([indices(word) for word in words], 4)
    state = 0
    for end in range(len(text) + 1):
        so_far = text[:end]
        found = [len(word) for word in words if so_far.endswith(word)]
        begun = [n for word in words for n in range(len(word) + 1) if so_far.endswith(word[:n])]
        assert automaton.found[state] == max(found, default=0)
        assert automaton.held[state] == max(begun)
        if end < len(text):
            state = automaton.after[state, automaton.letter_of["abcd".index(text[end])]]


def test_characters_that_no_word_has_share_a_letter() -> None:
    automaton = Automaton.of([indices("ca")], 4)
    assert automaton.letter_of.tolist() == [1, 0, 2, 0]
    assert automaton.characters.tolist() == [-1, 0, 2]


def test_tables_that_no_machine_can_hold_are_refused() -> None:
    with pytest.raises(MemoryError, match="bytes are needed"):
        Automaton.of([np.arange(10**6, dtype=np.int32)], 10**6)
