"""Automata that find words in a text, character by character (Aho and Corasick 1975).

The tables are built here and walked in compiled code: which words end at a character, which
characters would complete one, and how much of the text may still become one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from crnn.memory import affordable

__all__ = ["Automaton"]

IntArray: TypeAlias = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Automaton:
    """The tables of an automaton with S states, of which the first is where a text begins.

    Its alphabet are L letters: number 0 stands for all characters that no word has.

    Attributes
    ----------
    letter_of : numpy.ndarray, shape (V,)
        The letter that a character, given by its index, is.
    characters : numpy.ndarray, shape (L,)
        The character that a letter is; -1 for letter 0.
    after : numpy.ndarray, shape (S, L)
        The state after a letter.
    found : numpy.ndarray, shape (S,)
        The length of the longest word that ends here; 0 if none does.
    held : numpy.ndarray, shape (S,)
        How many characters, the last ones, are the beginning of a word: the most that are.
    """

    letter_of: IntArray
    characters: IntArray
    after: IntArray
    found: IntArray
    held: IntArray

    @classmethod
    def of(cls, words: Sequence[IntArray], V: int) -> Automaton:
        """Build the automaton of some words.

        Parameters
        ----------
        words : sequence of numpy.ndarray
            Indices of the characters of each, 0 to V - 1; none is empty.
        V : int
            Number of characters.

        Raises
        ------
        MemoryError
            If the tables do not fit into this machine's memory.

        Examples
        --------
        >>> automaton = Automaton.of([np.array([0, 1], np.int32)], 3)
        >>> automaton.after.shape, automaton.found.tolist(), automaton.held.tolist()
        ((3, 3), [0, 0, 2], [0, 1, 2])
        """
        known = np.unique(np.concatenate(words))
        characters = np.concatenate([[-1], known]).astype(np.int32)
        letter_of = np.zeros(V, np.int32)
        letter_of[known] = np.arange(1, len(characters))
        longest = 1 + sum(map(len, words))
        affordable(4 * longest * (len(characters) + 2))
        after, found, held = _trie([letter_of[word] for word in words], longest, len(characters))
        _add_failures(after, found)
        return cls(letter_of, characters, after, found, held)


def _trie(
    words: Sequence[IntArray], longest: int, letters: int
) -> tuple[IntArray, IntArray, IntArray]:
    """Return a tree of the words: children (0: none), lengths of words, and depths of its nodes."""
    after = np.zeros((longest, letters), np.int32)
    found, depth = np.zeros(longest, np.int32), np.zeros(longest, np.int32)
    states = 1
    for word in words:
        state = 0
        for letter in word.tolist():
            if not after[state, letter]:
                after[state, letter] = states
                depth[states] = depth[state] + 1
                states += 1
            state = int(after[state, letter])
        found[state] = len(word)
    return after[:states].copy(), found[:states], depth[:states]


def _add_failures(after: IntArray, found: IntArray) -> None:
    """Where the tree has no child, go on as after the longest end of the text that it has.

    Breadth first: that end is shorter, so its row is complete.
    """
    failure = np.zeros(len(after), np.int32)
    queue = deque(int(state) for state in after[0] if state)
    while queue:
        state = queue.popleft()
        back = after[failure[state]]
        found[state] = found[state] or found[failure[state]]
        for letter in np.flatnonzero(after[state]).tolist():
            failure[after[state, letter]] = back[letter]
            queue.append(int(after[state, letter]))
        after[state] = np.where(after[state], after[state], back)
