"""Which characters a corpus has, and which index each of them gets."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn.corpus.draft import CODE_POINTS, Draft, looked_up
from crnn.corpus.errors import TextError
from crnn.vocab import Vocab

__all__ = ["REPLACEMENT", "Indices", "Numbering", "index_type", "number"]

Indices: TypeAlias = npt.NDArray[np.integer[Any]]  # uint8, uint16 or int32

REPLACEMENT: Final = 0xFFFD
"""Code point of the replacement character, which stands for all that are too rare."""

_NAMED = 20  # rare characters that a remark lists before it says how many more there are
_BLAMED = 5  # unknown characters that an error lists


@dataclass(frozen=True)
class Numbering:
    """What becomes of every character of a draft.

    Attributes
    ----------
    vocab : Vocab
        The characters in the order of their indices.
    index_of : (distinct,) array
        Number in the draft -> index, in the type of the corpus.
    remarks : tuple of str
        Which characters were replaced.
    """

    vocab: Vocab
    index_of: Indices
    remarks: tuple[str, ...]

    def encode(self, numbers: npt.NDArray[Any]) -> Indices:
        """Return the indices of the draft's numbers."""
        return looked_up(self.index_of, numbers)


def index_type(size: int) -> np.dtype[Any]:
    """Return the type of the indices into a vocabulary of `size` characters.

    Examples
    --------
    >>> [index_type(size).name for size in (256, 257, 65536, 65537)]
    ['uint8', 'uint16', 'uint16', 'int32']
    """
    return np.dtype(np.uint8 if size <= 1 << 8 else np.uint16 if size <= 1 << 16 else np.int32)


def number(draft: Draft, min_count: int, vocab: Vocab | None) -> Numbering:
    """Decide about every character of a draft.

    Parameters
    ----------
    draft : Draft
        A text of at least one character.
    min_count : int
        A character that occurs less often becomes U+FFFD, unless `vocab` has it.
    vocab : Vocab or None
        The vocabulary to use; None makes one of what there is, sorted by code point.

    Raises
    ------
    TextError
        The vocabulary lacks characters; says which, how often they occur, and where first.

    Examples
    --------
    >>> with Draft("none", None) as draft:
    ...     draft.add("aabb?")
    ...     number(draft, 2, None).vocab.chars
    'ab\ufffd'
    """
    points = draft.code_points
    rare = (draft.counts < min_count) & (points != REPLACEMENT)
    if vocab is None:
        kept = set(points[~rare].tolist()) | ({REPLACEMENT} if rare.any() else set())
        vocab = Vocab.from_code_points(sorted(kept))
    index_of_point = np.full(CODE_POINTS, -1, np.int32)
    index_of_point[vocab.code_points] = np.arange(len(vocab))
    index_of = index_of_point[points]
    rare &= index_of < 0
    index_of[rare] = index_of_point[REPLACEMENT]
    if len(unknown := np.flatnonzero(index_of < 0)):
        raise TextError(_describe_unknown(draft, unknown, len(vocab)))
    remarks = (_describe_replaced(draft, rare, min_count),) if rare.any() else ()
    return Numbering(vocab, index_of.astype(index_type(len(vocab))), remarks)


def _describe_replaced(draft: Draft, rare: npt.NDArray[np.bool_], min_count: int) -> str:
    names = [_name(point) for point in np.sort(draft.code_points[rare]).tolist()]
    one = len(names) == 1
    return (
        f"{'1 character that occurs' if one else f'{len(names):,} characters that occur'} "
        f"less than {min_count:,} times, {draft.counts[rare].sum():,} in all, became U+FFFD: "
        + _listed(names, _NAMED)
    )


def _describe_unknown(draft: Draft, unknown: npt.NDArray[np.intp], size: int) -> str:
    """Name characters that a vocabulary lacks, how often they occur, and where first."""
    first_at = _first_positions(draft, unknown[:_BLAMED].tolist())
    listed = [
        f"{_name(int(draft.code_points[number]))} at position {at:,} "
        f"({draft.counts[number]:,} in all)"
        for number, at in first_at.items()
    ]
    one = len(unknown) == 1
    more = f"; and {len(unknown) - _BLAMED:,} more" if len(unknown) > _BLAMED else ""
    return (
        f"the text has {'a character' if one else f'{len(unknown):,} characters'} that the "
        f"vocabulary ({size:,} character{'s' * (size != 1)}) lacks: {'; '.join(listed)}{more}; "
        f"remove or replace {'it' if one else 'them'}, "
        f"or use a model trained on text that has {'it' if one else 'them'}"
    )


def _first_positions(draft: Draft, numbers: list[int]) -> dict[int, int]:
    """Return where each number of a draft stands first, in this order."""
    found: dict[int, int] = {}
    begin = 0
    for piece in draft.pieces():
        for number in numbers:
            if number not in found and len(places := np.flatnonzero(piece == number)):
                found[number] = begin + int(places[0])
        begin += len(piece)
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def _listed(names: list[str], most: int) -> str:
    more = [f"and {len(names) - most:,} more"] if len(names) > most else []
    return "; ".join(names[:most] + more)


def _name(point: int) -> str:
    """Show a character so that any terminal can: repr, code point, Unicode name if it has one."""
    char = chr(point)
    return f"{char!r} U+{point:04X} {unicodedata.name(char, '')}".rstrip()
