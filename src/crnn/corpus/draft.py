"""The draft of a corpus: its characters while it is not known yet which there will be.

A text is read once. Its characters are numbered as they come, those that a piece brings after those
that were there, and are counted; afterwards, when it is known which there are, they can be gone
through again, as often as needed, to get their indices. A piece takes 1, 2 or 4 bytes a character,
as few as the numbers so far need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from crnn.corpus.spool import Spool

__all__ = ["CODE_POINTS", "Draft", "looked_up"]

CODE_POINTS: Final = 0x110000
"""How many code points Unicode has."""

_NEWLINE = 0x0A
_STARTS_AT_A_TIME = 1 << 18
_COUNTED_AT_A_TIME = 1 << 16  # NumPy makes int64 of them, which then stay in the cache


class Draft:
    r"""The characters of a text that is being read, how often each occurs, where documents are.

    Parameters
    ----------
    documents : {"none", "file", "line"}
        Which parts stay apart.
    on_disk : callable or None
        As for `Spool`.

    Examples
    --------
    >>> with Draft("line", None) as draft:
    ...     for file in ("b\nb", "a\n"):
    ...         draft.begin_file()
    ...         draft.add(file)
    ...     list(draft.pieces()), list(draft.starts())  # doctest: +NORMALIZE_WHITESPACE
    ([array([1, 0, 1], dtype=uint8), array([2, 0], dtype=uint8)], [array([0, 2, 3])])
    >>> draft.code_points.tolist(), draft.counts.tolist()
    ([10, 98, 97], [2, 2, 1])
    """

    def __init__(self, documents: str, on_disk: Callable[[], BinaryIO] | None) -> None:
        self._by_file, self._by_line = documents != "none", documents == "line"
        self._text, self._starts = Spool(on_disk), Spool(on_disk)
        self._pieces: list[tuple[str, int]] = []  # (type of its numbers, characters)
        self._due = True  # a document starts with the next character
        self._points = np.empty(CODE_POINTS, np.uint32)  # number -> code point
        self._counts = np.zeros(CODE_POINTS, np.int64)  # number -> how often it occurs
        self._number_of = _unknown(np.uint8)  # code point -> number
        self._distinct = 0
        self.characters = 0
        """How many there are."""
        self.documents = 0
        """How many documents start."""

    @property
    def is_on_disk(self) -> bool:
        """Whether the text was too large to be kept in memory."""
        return self._text.is_on_disk

    @property
    def code_points(self) -> npt.NDArray[np.uint32]:
        """(distinct,): the code point behind each number."""
        return self._points[: self._distinct]

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """(distinct,): how often each number occurs."""
        return self._counts[: self._distinct]

    def begin_file(self) -> None:
        """Say that what is added from now on comes from another file."""
        self._due = self._due or self._by_file

    def add(self, text: str) -> None:
        """Add characters at the end."""
        if not text:
            return
        points = _code_points(text)
        self._start_documents(points)
        numbers = self._numbered(points)
        for at in range(0, len(numbers), _COUNTED_AT_A_TIME):
            found = np.bincount(numbers[at : at + _COUNTED_AT_A_TIME].astype(np.intp))
            self._counts[: len(found)] += found
        self._text.write(numbers.tobytes())
        self._pieces.append((numbers.dtype.str, len(numbers)))
        self.characters += len(numbers)

    def pieces(self) -> Iterator[npt.NDArray[Any]]:
        """Go through all numbers in order: arrays of uint8, uint16 or uint32."""
        self._text.rewind()
        for dtype, length in self._pieces:
            yield np.frombuffer(self._text.read(np.dtype(dtype).itemsize * length), dtype)

    def starts(self) -> Iterator[npt.NDArray[np.int64]]:
        """Go through the places where documents start."""
        self._starts.rewind()
        while data := self._starts.read(8 * _STARTS_AT_A_TIME):
            yield np.frombuffer(data, np.int64)

    def _numbered(self, points: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the number of each code point; those that were not seen before get one."""
        numbers = looked_up(self._number_of, points)
        unknown = np.iinfo(numbers.dtype).max
        if numbers.max() == unknown:
            self._learn(np.unique(points[numbers == unknown]))
            numbers = looked_up(self._number_of, points)
        return numbers

    def _learn(self, new: npt.NDArray[Any]) -> None:
        """Give code points their numbers. The largest number of a type means "unknown"."""
        begin, self._distinct = self._distinct, self._distinct + len(new)
        self._points[begin : self._distinct] = new
        if self._distinct > np.iinfo(self._number_of.dtype).max:
            self._number_of = _unknown(np.min_scalar_type(self._distinct))
        self._number_of[self.code_points] = np.arange(self._distinct)

    def _start_documents(self, points: npt.NDArray[Any]) -> None:
        """Note the starts of documents among characters that are about to be added."""
        if self._due:
            self._note(np.array([self.characters], np.int64))
        self._due = self._by_line and bool(points[-1] == _NEWLINE)
        if self._by_line:
            self._note(np.flatnonzero(points[:-1] == _NEWLINE) + (self.characters + 1))

    def _note(self, starts: npt.NDArray[np.int64]) -> None:
        self._starts.write(starts.astype(np.int64, copy=False).tobytes())
        self.documents += len(starts)

    def __enter__(self) -> Draft:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._text.close()
        self._starts.close()


def looked_up(table: npt.NDArray[Any], places: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return ``table[places]``, of bytes by bytes in less time.

    Examples
    --------
    >>> looked_up(np.array([5, 7], np.uint8), np.array([1, 1, 0], np.uint8))
    array([7, 7, 5], dtype=uint8)
    """
    if not table.dtype == places.dtype == np.uint8:
        return np.asarray(table[places])
    every_byte = table[:256].tobytes().ljust(256, b"\0")
    return np.frombuffer(places.tobytes().translate(every_byte), np.uint8)


def _unknown(dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    return np.full(CODE_POINTS, np.iinfo(dtype).max, dtype)


def _code_points(text: str) -> npt.NDArray[Any]:
    """Return the code points of a text, an array of uint8 or uint32."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
