"""Whether samples copy the text that a model was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn.analysis.pieces import any_stands_in, stand_in

__all__ = ["PIECE", "SAMPLED", "Copying", "copying"]

Indices: TypeAlias = npt.NDArray[np.integer[Any]]

PIECE: Final = 20  # characters
SAMPLED: Final = 4_000  # characters of samples that are looked at: memory goes with the square


@dataclass(frozen=True)
class Copying:
    """What samples have in common with a text.

    Attributes
    ----------
    sampled : int
        Characters of the samples that were looked at.
    longest : int
        Length of the longest run of a sample that stands in the text, in characters.
    pieces : int
        How many pieces of 20 characters the samples have, overlapping ones all counted.
    found : int
        How many of them stand in the text.
    """

    sampled: int
    longest: int
    pieces: int
    found: int

    @property
    def share(self) -> float | None:
        """The part of the pieces that stands in the text; None: the samples are too short."""
        return self.found / self.pieces if self.pieces else None


def copying(samples: Sequence[Indices], text: Indices) -> Copying:
    """Compare samples with a text.

    Parameters
    ----------
    samples : sequence of (n,) arrays of int
        Indices; the first 4,000 of them all are looked at.
    text : (n,) array of int
        Indices of the same vocabulary.

    Returns
    -------
    Copying

    Examples
    --------
    >>> text = np.arange(100)
    >>> copying([np.array([5, 50, 51, 52, 7])], text).longest
    3
    >>> copying([np.arange(10, 40)], text).share
    1.0
    """
    kept = _beginning(samples)
    pieces = _windows(kept, PIECE)
    return Copying(
        sampled=sum(map(len, kept)),
        longest=_longest(kept, text),
        pieces=len(pieces),
        found=int(np.count_nonzero(stand_in(pieces, text))) if len(pieces) else 0,
    )


def _beginning(samples: Sequence[Indices]) -> list[Indices]:
    """Return the first characters of the samples, as many as are looked at."""
    kept: list[Indices] = []
    room = SAMPLED
    for sample in samples:
        kept.append(sample[:room])
        room -= len(kept[-1])
    return kept


def _longest(samples: Sequence[Indices], text: Indices) -> int:
    """Return the length of the longest window of a sample that stands in the text.

    A part of what stands there stands there, too: so halving finds the length.
    """
    low, high = 0, max(map(len, samples), default=0)
    while low < high:
        middle = (low + high + 1) // 2
        if any_stands_in(_windows(samples, middle), text):
            low = middle
        else:
            high = middle - 1
    return low


def _windows(samples: Sequence[Indices], length: int) -> Indices:
    """Return all pieces of that length of all samples: an (n_pieces, length) array."""
    windows = [
        np.lib.stride_tricks.sliding_window_view(sample, length)
        for sample in samples
        if len(sample) >= length
    ]
    return np.concatenate(windows) if windows else np.empty((0, length), np.int64)
