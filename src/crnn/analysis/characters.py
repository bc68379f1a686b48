"""The characters of a text: how often each stands there, the rarest, and the strangest."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn.vocab import Vocab

__all__ = ["Character", "Newlines", "count_characters", "count_newlines", "rarest", "strangest"]

Indices: TypeAlias = npt.NDArray[np.integer[Any]]
Int64s: TypeAlias = npt.NDArray[np.int64]

_CHUNK: Final = 1 << 20  # indices at a time: NumPy makes eight bytes of each
_ORDINARY: Final = "\n\r\t"
_STRANGE: Final = {
    "Cc": "control character",
    "Cf": "invisible",
    "Cn": "unassigned",
    "Co": "private use",
    "Cs": "lone surrogate",
    "Zl": "line separator",
    "Zp": "paragraph separator",
}
_STRANGE_ONES: Final = {
    "\ufeff": "byte-order mark inside the text",
    "\ufffd": "stands for what could not be decoded",
}


@dataclass(frozen=True)
class Character:
    """A character of a text.

    Attributes
    ----------
    char : str
        The character.
    code_point : str
        As in "U+00E9".
    name : str
        Its name in Unicode; what it is, where it has none.
    count : int
        How often it stands in the text.
    """

    char: str
    code_point: str
    name: str
    count: int


@dataclass(frozen=True)
class Newlines:
    r"""How lines end, each counted once: ``\n``, ``\r\n`` and ``\r`` alone."""

    unix: int
    windows: int
    mac: int

    @property
    def kinds(self) -> int:
        """How many of the three there are."""
        return sum(count > 0 for count in (self.unix, self.windows, self.mac))


def count_characters(indices: Indices, vocabulary_size: int) -> Int64s:
    """Return how often each index stands in a text: a (V,) array.

    Examples
    --------
    >>> count_characters(np.array([0, 2, 2]), 3).tolist()
    [1, 0, 2]
    """
    counts = np.zeros(vocabulary_size, np.int64)
    for begin in range(0, len(indices), _CHUNK):
        counts += np.bincount(indices[begin : begin + _CHUNK], minlength=vocabulary_size)
    return counts


def rarest(vocab: Vocab, counts: Int64s, most: int = 10) -> list[Character]:
    """Return the characters that stand in a text least often, the rarest first.

    Parameters
    ----------
    vocab : Vocab
        Of the text.
    counts : (V,) array of int64
        How often each of its characters stands there; 0 is not listed.
    most : int
        How many to return.

    Examples
    --------
    >>> [found.code_point for found in rarest(Vocab("abc"), np.array([3, 0, 1]))]
    ['U+0063', 'U+0061']
    """
    order = [int(i) for i in np.argsort(counts, kind="stable") if counts[i]]
    return [_character(vocab.chars[i], int(counts[i])) for i in order[:most]]


def strangest(vocab: Vocab, counts: Int64s) -> list[Character]:
    r"""Return the characters that are hardly meant, in the order of the vocabulary.

    They are control characters (but not ``\n``, ``\r`` and tab), invisible, private and unassigned
    ones, lone surrogates, Unicode's own separators of lines, byte-order marks, and U+FFFD.

    Examples
    --------
    >>> [found.name for found in strangest(Vocab("a\0\u200b"), np.array([5, 1, 1]))]
    ['control character', 'ZERO WIDTH SPACE (invisible)']
    """
    return [
        _character(char, int(count))
        for char, count in zip(vocab.chars, counts, strict=True)
        if count and _strangeness(char)
    ]


def _character(char: str, count: int) -> Character:
    name, what = unicodedata.name(char, ""), _strangeness(char)
    if char in _ORDINARY:
        name = {"\n": "LINE FEED", "\r": "CARRIAGE RETURN", "\t": "TABULATION"}[char]
    shown = f"{name} ({what})" if name and what else name or what
    return Character(char, f"U+{ord(char):04X}", shown, count)


def _strangeness(char: str) -> str:
    """Say what is strange about a character; "" if nothing is."""
    if char in _ORDINARY:
        return ""
    return _STRANGE_ONES.get(char) or _STRANGE.get(unicodedata.category(char), "")


def count_newlines(vocab: Vocab, indices: Indices) -> Newlines:
    r"""Count the ends of lines.

    Examples
    --------
    >>> text = "one\r\ntwo\nthree\n"
    >>> vocab = Vocab.from_text(text)
    >>> count_newlines(vocab, vocab.encode(text))
    Newlines(unix=2, windows=1, mac=0)
    """
    feed, carriage = vocab.chars.find("\n"), vocab.chars.find("\r")
    feeds = carriages = pairs = 0
    for chunk in _overlapping(indices):
        is_feed, is_carriage = chunk == feed, chunk == carriage
        feeds += int(is_feed[:-1].sum())
        carriages += int(is_carriage[:-1].sum())
        pairs += int((is_carriage[:-1] & is_feed[1:]).sum())
    feeds += int(indices[-1] == feed)
    carriages += int(indices[-1] == carriage)
    return Newlines(unix=feeds - pairs, windows=pairs, mac=carriages - pairs)


def _overlapping(indices: Indices) -> Iterator[Indices]:
    """Yield the text in pieces, each beginning with the last character of the one before."""
    for begin in range(0, len(indices) - 1, _CHUNK):
        yield indices[begin : begin + _CHUNK + 1]
