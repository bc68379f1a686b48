r"""Characters to indices and back.

A vocabulary is an ordered set of characters; the index of a character is its place in that order.
A character is one Unicode code point, whatever it is: astral characters, NUL, carriage returns and
lone surrogates (``"\udc81"``, as ``surrogateescape`` makes them) all count as one and come back
exactly. Text passes through UTF-32 only: UTF-16 and JSON would fuse two neighbouring surrogates.

It does not normalise, fold case, split graphemes, or know about files and models.
"""

from __future__ import annotations

import operator
import unicodedata
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Vocab"]

Indices: TypeAlias = npt.NDArray[np.integer[Any]] | Iterable[int]

_LAST_CODE_POINT = 0x10FFFF
_SHOWN = 5  # characters an error or a repr lists before it says how many more there are


class Vocab:
    """An ordered set of characters.

    Parameters
    ----------
    chars : str
        Distinct characters; ``chars[i]`` has the index ``i``.

    Raises
    ------
    TypeError
        `chars` is not a str.
    ValueError
        `chars` is empty or holds a character twice.

    Examples
    --------
    >>> vocab = Vocab("abr")
    >>> vocab.encode("bar")
    array([1, 0, 2], dtype=int32)
    >>> vocab.decode([2, 0, 1])
    'rab'
    >>> len(vocab), "b" in vocab, "z" in vocab
    (3, True, False)
    """

    __slots__ = ("_chars", "_code_points", "_index_of")

    def __init__(self, chars: str) -> None:
        if not isinstance(chars, str):
            raise TypeError(
                f"chars is a {type(chars).__name__}, expected a str of distinct characters; "
                'join a list with "".join(chars)'
            )
        if not chars:
            raise ValueError("chars is empty, expected at least one character")
        points = _code_points(chars)
        if len(set(chars)) != len(chars):
            raise ValueError(_describe_duplicate(chars))
        points.flags.writeable = False
        self._chars = chars
        self._code_points = points
        # (largest code point + 2,): code point -> index, -1 for a character that is not ours.
        # The last place stands for every larger code point.
        self._index_of = np.full(int(points.max()) + 2, -1, dtype=np.int32)
        self._index_of[points] = np.arange(len(chars), dtype=np.int32)

    @classmethod
    def from_text(cls, text: str) -> Vocab:
        """Make the vocabulary of a text: its distinct characters, sorted by code point.

        Parameters
        ----------
        text : str
            Any text that is not empty.

        Returns
        -------
        Vocab

        Raises
        ------
        TypeError
            `text` is not a str.
        ValueError
            `text` is empty.

        Examples
        --------
        >>> Vocab.from_text("abracadabra").chars
        'abcdr'
        """
        _require_str("text", text)
        if not text:
            raise ValueError("text is empty, expected at least one character")
        return cls("".join(sorted(set(text))))

    @classmethod
    def from_code_points(cls, code_points: Indices) -> Vocab:
        r"""Make a vocabulary from code points, the inverse of `code_points`.

        Parameters
        ----------
        code_points : sequence or (V,) array of int
            Distinct code points, 0 to 0x10FFFF; surrogates are allowed.

        Returns
        -------
        Vocab

        Raises
        ------
        TypeError
            `code_points` does not hold integers.
        ValueError
            It is empty, has a repeated value, one that is not a code point, or not one dimension.

        Examples
        --------
        >>> Vocab.from_code_points([0x62, 0x1F600]).encode("\U0001F600b")
        array([1, 0], dtype=int32)
        """
        points = _integers("code_points", code_points)
        wrong = _first_outside(points, _LAST_CODE_POINT + 1)
        if wrong is not None:
            raise ValueError(
                f"code_points[{wrong}] is {points[wrong]}, expected a Unicode code point, "
                f"0 to {_LAST_CODE_POINT} (0x10FFFF)"
            )
        if not len(points):
            raise ValueError("code_points is empty, expected at least one code point")
        return cls(_text(points))

    @property
    def chars(self) -> str:
        """All characters in the order of their indices."""
        return self._chars

    @property
    def code_points(self) -> npt.NDArray[np.uint32]:
        """The code points of `chars`: a read-only (V,) array of uint32."""
        return self._code_points

    def encode(self, text: str, *, name: str = "text", start: int = 0) -> npt.NDArray[np.int32]:
        """Turn a text into indices.

        Parameters
        ----------
        text : str
            Characters of this vocabulary; may be empty.
        name : str, optional
            What an error calls the text, when it is some other function's argument.
        start : int, optional
            Where it begins in what the error calls so, when it is a part of that.

        Returns
        -------
        (len(text),) array of int32
            A fresh array.

        Raises
        ------
        TypeError
            `text` is not a str.
        ValueError
            `text` has characters that the vocabulary lacks; they are named with their positions.

        Examples
        --------
        >>> Vocab("ab").encode("abba").tolist()
        [0, 1, 1, 0]
        >>> Vocab("ab").encode("abc")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        ValueError: text has a character that the vocabulary (2 characters) lacks: 'c' U+0063 ...
        """
        indices = self.lookup(text, name=name)
        if len(indices) and indices.min() < 0:
            raise ValueError(self._describe_unknown(name, text, indices, start))
        return indices

    def lookup(self, text: str, *, name: str = "text") -> npt.NDArray[np.int32]:
        """Turn a text into indices, -1 for every character that the vocabulary lacks.

        Parameters
        ----------
        text : str
            Any characters; may be empty.
        name : str, optional
            What an error calls the text.

        Returns
        -------
        (len(text),) array of int32
            A fresh array.

        Raises
        ------
        TypeError
            `text` is not a str.

        Examples
        --------
        >>> Vocab("ab").lookup("abc").tolist()
        [0, 1, -1]
        """
        _require_str(name, text)
        if not text:  # most samples have no prime
            return np.empty(0, np.int32)
        points = _code_points(text)
        others = np.uint32(len(self._index_of) - 1)
        indices: npt.NDArray[np.int32] = self._index_of[np.minimum(points, others)]
        return indices

    def index(self, char: str, *, name: str = "char") -> int:
        """Return the index of one character.

        Parameters
        ----------
        char : str
            A single character of this vocabulary.
        name : str, optional
            What an error calls it.

        Raises
        ------
        TypeError, ValueError
            If it is not a str of one character, or the vocabulary lacks it.

        Examples
        --------
        >>> Vocab("abr").index("r")
        2
        """
        _require_str(name, char)
        if len(char) != 1:
            raise ValueError(f"{name} has {_count(len(char))}, expected one")
        x = int(self._index_of[min(ord(char), len(self._index_of) - 1)])
        if x < 0:
            raise ValueError(self._describe_unknown(name, char, np.array([x], np.int32)))
        return x

    def decode(self, indices: Indices) -> str:
        """Turn indices into text.

        Parameters
        ----------
        indices : sequence or (n,) array of int
            Indices, 0 to V - 1, of any integer type.

        Returns
        -------
        str
            n characters.

        Raises
        ------
        TypeError
            `indices` does not hold integers (bools and floats are none).
        ValueError
            `indices` has not one dimension.
        IndexError
            An index is below 0 or at least V.

        Examples
        --------
        >>> Vocab("ab").decode([0, 1, 1, 0])
        'abba'
        >>> Vocab("ab").decode([0, 2])
        Traceback (most recent call last):
            ...
        IndexError: indices[1] is 2, expected 0 to 1: the vocabulary has 2 characters
        """
        values = _integers("indices", indices)
        wrong = _first_outside(values, len(self))
        if wrong is not None:
            raise IndexError(
                f"indices[{wrong}] is {values[wrong]}, expected 0 to {len(self) - 1}: "
                f"the vocabulary has {_count(len(self))}"
            )
        return _text(self._code_points[values.astype(np.intp)])

    def extend(self, chars: str) -> Vocab:
        """Return a vocabulary that has more characters: all of these, then the new.

        Parameters
        ----------
        chars : str
            What to add, sorted by code point; what is there already is left out, so a whole text
            may be given.

        Examples
        --------
        >>> Vocab("bad").extend("a cab").chars
        'bad c'
        """
        _require_str("chars", chars)
        new = set(chars) - set(self._chars)
        return Vocab(self._chars + "".join(sorted(new)))

    def _describe_unknown(
        self, name: str, text: str, indices: npt.NDArray[np.int32], start: int = 0
    ) -> str:
        """Name the characters behind the negative indices, each where it stands first."""
        first_at: dict[str, int] = {}
        for position in np.flatnonzero(indices < 0).tolist():
            first_at.setdefault(text[position], start + position)
        listed = [f"{_name(char)} at position {at}" for char, at in first_at.items()]
        shown = "; ".join(listed[:_SHOWN])
        if len(listed) > _SHOWN:
            shown += f"; and {len(listed) - _SHOWN} more"
        one = len(listed) == 1
        return (
            f"{name} has {'a character' if one else _count(len(listed))} that the vocabulary "
            f"({_count(len(self))}) lacks: {shown}; remove or replace {'it' if one else 'them'}, "
            f"or use a model trained on text that has {'it' if one else 'them'}"
        )

    def __len__(self) -> int:
        """Return V, the number of characters."""
        return len(self._chars)

    def __contains__(self, char: object) -> bool:
        """Tell whether `char` is a single character of the vocabulary."""
        return isinstance(char, str) and len(char) == 1 and char in self._chars

    def __eq__(self, other: object) -> bool:
        """Tell whether the other has the same characters in the same order."""
        return self._chars == other._chars if isinstance(other, Vocab) else NotImplemented

    def __hash__(self) -> int:
        """Hash the characters, in agreement with ``==``."""
        return hash((Vocab, self._chars))

    def __repr__(self) -> str:
        """Show the size and the first characters."""
        more = "..." if len(self) > 4 * _SHOWN else ""
        return f"<Vocab of {_count(len(self))}: {self._chars[: 4 * _SHOWN]!r}{more}>"

    def __reduce__(self) -> tuple[type[Vocab], tuple[str]]:
        """Pickle the characters alone; the lookup table is made anew."""
        return Vocab, (self._chars,)


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    """Return the code points of `text` as a fresh (len(text),) array."""
    encoded = text.encode("utf-32-le", "surrogatepass")
    return np.frombuffer(encoded, dtype="<u4").astype(np.uint32)


def _text(points: npt.NDArray[Any]) -> str:
    """Return the text of an (n,) array of code points, the inverse of `_code_points`."""
    return points.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def _integers(name: str, values: Indices) -> npt.NDArray[Any]:
    """Return `values` as an (n,) integer array (object for huge ints), or say what is wrong."""
    expected = "expected a sequence or one-dimensional array of integers"
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array, {expected}; fill it with .filled(...)")
    if isinstance(values, np.ndarray):
        if values.dtype.kind not in "iu":
            raise TypeError(f"{name} is an array of {values.dtype}, {expected}")
        if values.ndim != 1:
            raise ValueError(f"{name} has shape {values.shape}, {expected}; use {name}.ravel()")
        return values
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name} is a {type(values).__name__}, {expected}")
    return _integers_of_list(name, list(values), expected)


def _integers_of_list(name: str, items: list[Any], expected: str) -> npt.NDArray[Any]:
    """Return a list of ints as an array; neither bools nor floats pass for ints."""
    for position, item in enumerate(items):
        if isinstance(item, bool | np.bool_) or not hasattr(item, "__index__"):
            kind = type(item).__name__
            raise TypeError(f"{name}[{position}] is {item!r}, a {kind}, {expected}")
    plain = list(map(operator.index, items))
    try:
        return np.array(plain, dtype=np.int64)
    except OverflowError:
        return np.array(plain, dtype=object)


def _first_outside(values: npt.NDArray[Any], end: int) -> int | None:
    """Return the position of the first value that is not in 0..end-1, or None."""
    if not len(values) or (values.min() >= 0 and values.max() < end):
        return None
    return int(np.flatnonzero((values < 0) | (values >= end))[0])


def _require_str(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(
            f"{name} is a {type(value).__name__}, expected a str; "
            "decode bytes with .decode(encoding)"
        )


def _describe_duplicate(chars: str) -> str:
    """Name the first character that stands twice in `chars`."""
    second = next(place for place, char in enumerate(chars) if chars.index(char) < place)
    first = chars.index(chars[second])
    return (
        f"chars has {_name(chars[first])} twice, at positions {first} and {second}, expected "
        "distinct characters; Vocab.from_text(text) makes a vocabulary of any text"
    )


def _name(char: str) -> str:
    """Show a character so that any terminal can: repr, code point, Unicode name if it has one."""
    return f"{char!r} U+{ord(char):04X} {unicodedata.name(char, '')}".rstrip()


def _count(number: int) -> str:
    return "1 character" if number == 1 else f"{number} characters"
