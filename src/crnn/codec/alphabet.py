"""Which characters stand for which bytes, and which bytes for themselves.

Bytes become *events* (`crnn.coding`): the index of a character that the vocabulary has, or V + a
byte. They are read as UTF-8, where each byte that is none is a character U+DC80 to U+DCFF of its
own (Python's surrogateescape); or as bytes, where each is the character of its number. A character
that the vocabulary lacks is coded as its bytes.
"""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn.vocab import Vocab

__all__ = ["READINGS", "Alphabet", "Events", "Reading"]

Reading: TypeAlias = Literal["utf-8", "bytes"]
READINGS: Final[tuple[Reading, ...]] = ("utf-8", "bytes")

_CODECS: Final = {"utf-8": ("utf-8", "surrogateescape"), "bytes": ("latin-1", "strict")}


class Events(NamedTuple):
    """What bytes are coded as.

    Attributes
    ----------
    indices : numpy.ndarray
        int32: of a character, or V + a byte.
    characters : int
        How many characters the bytes are, known or not.
    """

    indices: npt.NDArray[np.int32]
    characters: int


class Alphabet:
    r"""Bytes to events and back.

    Parameters
    ----------
    vocab : Vocab
        V characters.
    reading : {"utf-8", "bytes"}
        How bytes are read.

    Examples
    --------
    >>> alphabet = Alphabet(Vocab("aé"), "utf-8")
    >>> alphabet.events("aéa\n".encode()).indices
    array([ 0,  1,  0, 12], dtype=int32)
    >>> alphabet.data(np.array([0, 1, 0, 12])).decode()
    'aéa\n'
    """

    def __init__(self, vocab: Vocab, reading: Reading) -> None:
        self.reading = reading
        self._codec = _CODECS[reading]
        self._V = len(vocab)
        points = vocab.code_points
        self._index_of = np.full(int(points.max()) + 2, -1, np.int32)  # the last: all above
        self._index_of[points] = np.arange(self._V, dtype=np.int32)
        itself = np.arange(256, dtype=np.uint32)
        if reading == "utf-8":
            itself[0x80:] += 0xDC00
        self._point_of = np.concatenate([points, itself])

    def events(self, data: bytes) -> Events:
        """Return what bytes are coded as: at most one event a byte."""
        points = _code_points(data.decode(*self._codec))
        indices = self._index_of[np.minimum(points, np.uint32(len(self._index_of) - 1))]
        unknown = indices < 0
        if not unknown.any():
            return Events(indices, len(points))
        sizes = np.where(unknown, self._sizes(points), 1)
        spelled = _text(points[unknown]).encode(*self._codec)
        events = np.repeat(indices, sizes)
        events[np.repeat(unknown, sizes)] = (
            np.frombuffer(spelled, np.uint8).astype(np.int32) + self._V
        )
        return Events(events, len(points))

    def data(self, events: npt.NDArray[np.int32]) -> bytes:
        """Return the bytes that were coded as these events.

        Raises
        ------
        UnicodeEncodeError
            If they are no bytes' events: a character stands for none.
        """
        return _text(self._point_of[events]).encode(*self._codec)

    def _sizes(self, points: npt.NDArray[np.uint32]) -> npt.NDArray[np.int8]:
        """Return how many bytes each character is."""
        if self.reading == "bytes":
            return np.ones(len(points), np.int8)
        sizes = 1 + (points >= 0x80).view(np.int8) + (points >= 0x800) + (points >= 0x10000)
        sizes[(points >= 0xD800) & (points < 0xE000)] = 1
        return sizes


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    encoded = text.encode("utf-32-le", "surrogatepass")
    return np.frombuffer(encoded, "<u4").astype(np.uint32, copy=False)


def _text(points: npt.NDArray[Any]) -> str:
    return points.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
