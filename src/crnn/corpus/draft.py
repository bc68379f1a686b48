"""The draft of a corpus: its characters while it is not known yet which there will be.

A text is read once. Its characters are kept as code points, every piece in as few bytes as its
largest one needs (1, 2 or 4), and are counted; afterwards they can be gone through again, as
often as needed, to be numbered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from crnn.corpus.spool import Spool

__all__ = ["CODE_POINTS", "Draft"]

CODE_POINTS: Final = 0x110000
"""How many code points Unicode has."""

_NEWLINE = 0x0A
_STARTS_AT_A_TIME = 1 << 18


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
    ...     for file in ("ab\nc", "d\n"):
    ...         draft.begin_file()
    ...         draft.add(file)
    ...     draft.characters, [starts.tolist() for starts in draft.starts()]
    (6, [[0, 3, 4]])
    """

    def __init__(self, documents: str, on_disk: Callable[[], BinaryIO] | None) -> None:
        self._by_file, self._by_line = documents != "none", documents == "line"
        self._points, self._starts = Spool(on_disk), Spool(on_disk)
        self._pieces: list[tuple[int, int]] = []  # (bytes a code point, code points)
        self._due = True  # a document starts with the next character
        self.characters = 0
        """How many there are."""
        self.documents = 0
        """How many documents start."""
        self.counts: npt.NDArray[np.int64] = np.zeros(CODE_POINTS, np.int64)
        """(0x110000,): how often each code point occurs."""

    @property
    def is_on_disk(self) -> bool:
        """Whether the text was too large to be kept in memory."""
        return self._points.is_on_disk

    def begin_file(self) -> None:
        """Say that what is added from now on comes from another file."""
        self._due = self._due or self._by_file

    def add(self, text: str) -> None:
        """Add characters at the end."""
        if not text:
            return
        points = _code_points(text)
        self._count(points)
        self._start_documents(points)
        self._points.write(points.tobytes())
        self._pieces.append((points.itemsize, len(points)))
        self.characters += len(points)

    def pieces(self) -> Iterator[npt.NDArray[Any]]:
        """Go through all code points in order: arrays of uint8, uint16 or uint32."""
        self._points.rewind()
        for size, length in self._pieces:
            yield np.frombuffer(self._points.read(size * length), f"u{size}")

    def starts(self) -> Iterator[npt.NDArray[np.int64]]:
        """Go through the places where documents start."""
        self._starts.rewind()
        while data := self._starts.read(8 * _STARTS_AT_A_TIME):
            yield np.frombuffer(data, np.int64)

    def _count(self, points: npt.NDArray[Any]) -> None:
        found = np.bincount(points.astype(np.intp))
        self.counts[: len(found)] += found

    def _start_documents(self, points: npt.NDArray[Any]) -> None:
        """Note the starts of documents among characters that are about to be added."""
        if self._due:
            self._note(np.array([self.characters], np.int64))
        self._due = self._by_line and points[-1] == _NEWLINE
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
        self._points.close()
        self._starts.close()


def _code_points(text: str) -> npt.NDArray[Any]:
    """Return the code points of a text in the smallest unsigned type that holds them all."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8)
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    return points.astype(np.min_scalar_type(points.max()))
