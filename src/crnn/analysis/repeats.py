"""What stands in a text more than once: lines, documents, and training text in validation text.

Lines and documents are compared by fingerprints of eight bytes (BLAKE2b), so a text of any size
needs eight bytes for each. Lines of fewer than 20 characters repeat in every text and are left out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn.analysis.pieces import stand_in

__all__ = ["LEAST", "PIECE", "Leakage", "Repeats", "Spans", "leakage", "lines", "repeats"]

Indices: TypeAlias = npt.NDArray[np.integer[Any]]
Int64s: TypeAlias = npt.NDArray[np.int64]

LEAST: Final = 20  # characters of a line that counts
PIECE: Final = 50  # characters of a piece of validation text
_PIECES: Final = 2000  # looked for: the share is then known to about 1 %
_CHUNK: Final = 1 << 20
_SHOWN: Final = 3  # of what is repeated most


class Spans(NamedTuple):
    """Where lines or documents stand: (n,) arrays of their first index and their length."""

    begins: Int64s
    lengths: Int64s


@dataclass(frozen=True)
class Repeats:
    """What stands in a text more than once.

    Attributes
    ----------
    count, distinct : int
        How many there are, and how many different ones.
    most : tuple of (int, int, int)
        Of those repeated most: how often, and the begin and length of the first.
    """

    count: int
    distinct: int
    most: tuple[tuple[int, int, int], ...]

    @property
    def copies(self) -> int:
        """How many could be left out so that each stands there once."""
        return self.count - self.distinct


@dataclass(frozen=True)
class Leakage:
    """How much of the validation part stands in the training part, too.

    Attributes
    ----------
    lines, lines_found : int
        Validation lines of at least 20 characters, and those that stand there verbatim as lines.
    pieces, pieces_found : int
        Pieces of 50 characters spread over the validation part, and those that stand there.
    """

    lines: int
    lines_found: int
    pieces: int
    pieces_found: int

    @property
    def lines_share(self) -> float | None:
        """Part of the lines; None: there are none."""
        return self.lines_found / self.lines if self.lines else None

    @property
    def pieces_share(self) -> float | None:
        """Part of the pieces; None: there are none."""
        return self.pieces_found / self.pieces if self.pieces else None


def lines(indices: Indices, newline: int, least: int = LEAST) -> Spans:
    """Return where the lines of a text stand, without their ends.

    Parameters
    ----------
    indices : (n,) array of int
        The text.
    newline : int
        Index of the character that ends a line; one that no character has gives one line.
    least : int
        Characters of the shortest line returned.

    Examples
    --------
    >>> lines(np.array([1, 1, 0, 0, 1]), newline=0, least=1).lengths.tolist()
    [2, 1]
    """
    begins, lengths, last = [], [], -1
    for begin in range(0, len(indices), _CHUNK):
        ends = np.flatnonzero(indices[begin : begin + _CHUNK] == newline) + begin
        found = np.concatenate(([last], ends))
        size = np.diff(found) - 1
        begins.append(found[:-1][size >= least] + 1)
        lengths.append(size[size >= least])
        last = int(found[-1])
    rest = len(indices) - last - 1
    if rest >= max(least, 1):
        begins.append(np.array([last + 1]))
        lengths.append(np.array([rest]))
    return Spans(np.concatenate(begins), np.concatenate(lengths))


def repeats(indices: Indices, spans: Spans) -> Repeats:
    """Count what stands in a text more than once.

    Parameters
    ----------
    indices : (n,) array of int
        The text.
    spans : Spans
        What to compare.

    Examples
    --------
    >>> text = np.array([1, 1, 0, 1, 1, 0, 2])
    >>> found = repeats(text, lines(text, newline=0, least=1))
    >>> found.count, found.copies, found.most
    (3, 1, ((2, 0, 2),))
    """
    prints = _fingerprints(indices, spans)
    _, first, counts = np.unique(prints, return_index=True, return_counts=True)
    order = np.lexsort((first, -counts))[:_SHOWN]
    most = tuple(
        (int(counts[i]), int(spans.begins[first[i]]), int(spans.lengths[first[i]]))
        for i in order
        if counts[i] > 1
    )
    return Repeats(len(prints), len(counts), most)


def leakage(indices: Indices, cut: int, spans: Spans) -> Leakage:
    """Compare the validation part of a text with its training part.

    Parameters
    ----------
    indices : (n,) array of int
        The text.
    cut : int
        Where the validation part begins.
    spans : Spans
        Lines of the text; one that the cut divides belongs to neither part.

    Examples
    --------
    >>> text = np.array([1, 2, 3, 0, 1, 2, 3, 0, 4])
    >>> found = leakage(text, 4, lines(text, newline=0, least=1))
    >>> found.lines, found.lines_found
    (2, 1)
    """
    validation = spans.begins >= cut
    training = spans.begins + spans.lengths <= cut
    ours = _fingerprints(indices, Spans(spans.begins[validation], spans.lengths[validation]))
    theirs = _fingerprints(indices, Spans(spans.begins[training], spans.lengths[training]))
    pieces = _spread(indices[cut:])
    found = stand_in(pieces, indices[:cut]) if len(pieces) else np.empty(0, np.bool_)
    return Leakage(
        lines=len(ours),
        lines_found=int(np.isin(ours, theirs).sum()),
        pieces=len(pieces),
        pieces_found=int(found.sum()),
    )


def _spread(text: Indices) -> Indices:
    """Return pieces that do not overlap, spread evenly: an (n_pieces, 50) array."""
    whole = len(text) // PIECE
    pieces = text[: whole * PIECE].reshape(whole, PIECE)
    chosen = np.linspace(0, whole - 1, min(whole, _PIECES)).astype(np.int64)
    return pieces[chosen]


def _fingerprints(indices: Indices, spans: Spans) -> npt.NDArray[np.uint64]:
    """Return eight bytes for each span, the same for the same characters."""
    digests = (
        hashlib.blake2b(indices[begin : begin + length].tobytes(), digest_size=8).digest()
        for begin, length in zip(spans.begins.tolist(), spans.lengths.tolist(), strict=True)
    )
    return np.frombuffer(b"".join(digests), np.uint64)
