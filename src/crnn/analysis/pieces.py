"""Which pieces stand in a text, verbatim: many pieces of one length, one pass over the text.

Windows of the text are hashed as polynomials modulo 2**64 and looked up among the hashes of the
pieces; what is found there is then compared, so the answer is exact. The memory needed does not
depend on the text's length.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["any_stands_in", "stand_in"]

Indices: TypeAlias = npt.NDArray[np.integer[Any]]
Hashes: TypeAlias = npt.NDArray[np.uint64]

_CHUNK: Final = 1 << 16  # windows hashed at a time, which caches hold
_MULTIPLIER: Final = 0x9E3779B97F4A7C15  # odd, its bits well mixed: 2**64 over the golden ratio
_SIEVE_BITS: Final = 18  # of a hash, its highest: a table of so many bits fits into a cache
_SIEVED: Final = np.uint64(64 - _SIEVE_BITS)
_MASK: Final = (1 << 64) - 1


class _Sought(NamedTuple):
    """Pieces in the order of their hashes."""

    pieces: Indices
    hashes: Hashes


def stand_in(pieces: Indices, text: Indices) -> npt.NDArray[np.bool_]:
    """Tell which of the pieces stand anywhere in a text.

    Parameters
    ----------
    pieces : (n_pieces, length) array of int
        They may repeat.
    text : (n,) array of int
        Indices of the same vocabulary.

    Returns
    -------
    (n_pieces,) array of bool

    Raises
    ------
    ValueError
        If `pieces` has not two dimensions or its pieces no length.

    Examples
    --------
    >>> stand_in(np.array([[1, 2], [2, 1]]), np.array([0, 1, 2, 0])).tolist()
    [True, False]
    """
    _check(pieces)
    sought, of_piece = _sought(pieces)
    found = np.zeros(len(sought.pieces), np.bool_)
    for numbers in _hits(sought, text):
        found[numbers] = True
    return found[of_piece]


def any_stands_in(pieces: Indices, text: Indices) -> bool:
    """Tell whether at least one of the pieces stands in a text; the parameters of `stand_in`.

    Examples
    --------
    >>> any_stands_in(np.array([[1, 2], [2, 1]]), np.array([0, 1, 2, 0]))
    True
    """
    _check(pieces)
    return any(True for _ in _hits(_sought(pieces)[0], text))


def _check(pieces: Indices) -> None:
    if pieces.ndim != 2 or not pieces.shape[1]:
        raise ValueError(
            f"pieces has shape {pieces.shape}, expected (n_pieces, length) with a length above 0"
        )


def _sought(pieces: Indices) -> tuple[_Sought, npt.NDArray[np.intp]]:
    """Return the pieces without most of their repetitions, and the number of every piece there."""
    hashes = _window_hashes(pieces, pieces.shape[1])[:, 0]
    order = np.argsort(hashes, kind="stable")
    pieces, hashes = pieces[order], hashes[order]
    fresh = np.ones(len(pieces), np.bool_)
    fresh[1:] = (hashes[1:] != hashes[:-1]) | (pieces[1:] != pieces[:-1]).any(axis=1)
    of_piece = np.empty(len(pieces), np.intp)
    of_piece[order] = np.cumsum(fresh) - 1
    return _Sought(pieces[fresh], hashes[fresh]), of_piece


def _hits(sought: _Sought, text: Indices) -> Iterator[npt.NDArray[np.intp]]:
    """Yield the numbers of pieces where they are found first, chunk by chunk."""
    pieces, hashes = sought
    length = pieces.shape[1]
    most = int(np.unique(hashes, return_counts=True)[1].max(initial=0))  # 1, but for collisions
    sieve = np.zeros(1 << _SIEVE_BITS, np.bool_)
    sieve[hashes >> _SIEVED] = True
    missing = np.ones(len(pieces), np.bool_)
    for begin in range(0, len(text) - length + 1, _CHUNK):
        chunk = text[begin : begin + _CHUNK + length - 1]
        of_chunk = _window_hashes(chunk, length)
        places = np.flatnonzero(sieve[of_chunk >> _SIEVED])
        first = np.searchsorted(hashes, of_chunk[places])
        for number in range(most):
            candidates = (first + number).clip(max=len(pieces) - 1)
            same = hashes[candidates] == of_chunk[places]
            numbers = _compared(pieces, chunk, candidates[same], places[same], missing)
            missing[numbers] = False
            if len(numbers):
                yield numbers
        if not missing.any():
            return


def _compared(
    pieces: Indices,
    chunk: Indices,
    candidates: npt.NDArray[np.intp],
    places: npt.NDArray[np.intp],
    missing: npt.NDArray[np.bool_],
) -> npt.NDArray[np.intp]:
    """Return the numbers of the missing pieces that do stand in a chunk.

    Parameters
    ----------
    pieces, chunk : arrays of int
        What is sought, and where.
    candidates, places : (n,) array of int
        Number of a piece, and the place in the chunk whose window has its hash.
    missing : (n_pieces,) array of bool
        Which pieces are still sought.
    """
    windows = np.lib.stride_tricks.sliding_window_view(chunk, pieces.shape[1])
    found: list[npt.NDArray[np.intp]] = []
    left = missing[candidates]
    while left.any():
        # one place for each piece, not all of them: a text of spaces has the same piece everywhere
        candidates, places = candidates[left], places[left]
        numbers, at = np.unique(candidates, return_index=True)
        equal = (windows[places[at]] == pieces[numbers]).all(axis=1)
        found.append(numbers[equal])
        left = ~np.isin(candidates, numbers[equal])
        left[at] = False
    return np.concatenate(found) if found else np.empty(0, np.intp)


def _window_hashes(x: Indices, length: int) -> Hashes:
    """Return the hash of every window along the last axis.

    It is the sum of (x[i] + 1) times powers of the multiplier, modulo 2**64. Windows are put
    together from those half as long, as the binary digits of the length say.
    """
    count = x.shape[-1] - length + 1
    whole, covered = np.zeros((*x.shape[:-1], count), np.uint64), 0
    part, size, power = x.astype(np.uint64) + np.uint64(1), 1, _MULTIPLIER
    while covered < length:
        if length & size:
            whole = whole * np.uint64(power) + part[..., covered : covered + count]
            covered += size
        if covered < length:
            part = part[..., :-size] * np.uint64(power) + part[..., size:]
            size, power = 2 * size, power * power & _MASK
    return whole
