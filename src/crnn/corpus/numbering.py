"""Which characters a corpus has, and which index each of them gets."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn.corpus.draft import CODE_POINTS, Draft
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
    table : (0x110000,) array
        Code point -> index, in the type of the corpus; right for the draft's code points.
    remarks : tuple of str
        Which characters were replaced.
    """

    vocab: Vocab
    table: Indices
    remarks: tuple[str, ...]

    def encode(self, points: npt.NDArray[Any]) -> Indices:
        """Return the indices of code points of the draft, a fresh array."""
        if points.dtype == np.uint8 and self.table.dtype == np.uint8:  # half the time of indexing
            return np.frombuffer(points.tobytes().translate(self.table[:256].tobytes()), np.uint8)
        indices: Indices = self.table[points]
        return indices


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
    present = np.flatnonzero(draft.counts)
    rare = draft.counts[present] < min_count
    if vocab is not None:
        known = np.zeros(CODE_POINTS, np.bool_)
        known[vocab.code_points] = True
        rare &= ~known[present] & known[REPLACEMENT]
        unknown = present[~known[present] & ~rare]
        if len(unknown):
            raise TextError(_describe_unknown(draft, unknown, len(vocab)))
    replaced = present[rare & (present != REPLACEMENT)]
    if vocab is None:
        final = draft.counts > 0
        final[replaced] = False
        final[REPLACEMENT] |= len(replaced) > 0
        vocab = Vocab.from_code_points(np.flatnonzero(final))
    table = np.zeros(CODE_POINTS, index_type(len(vocab)))
    table[vocab.code_points] = np.arange(len(vocab))
    table[replaced] = table[REPLACEMENT]
    remarks = (_describe_replaced(draft, replaced, min_count),) if len(replaced) else ()
    return Numbering(vocab, table, remarks)


def _describe_replaced(draft: Draft, replaced: npt.NDArray[np.intp], min_count: int) -> str:
    times = int(draft.counts[replaced].sum())
    one = len(replaced) == 1
    return (
        f"{'1 character that occurs' if one else f'{len(replaced):,} characters that occur'} "
        f"less than {min_count:,} times, {times:,} in all, became U+FFFD: "
        + _listed([_name(point) for point in replaced[:_NAMED].tolist()], len(replaced))
    )


def _describe_unknown(draft: Draft, unknown: npt.NDArray[np.intp], size: int) -> str:
    """Name characters that a vocabulary lacks, where they stand first, and how often."""
    shown = unknown[:_BLAMED].tolist()
    first_at = _first_positions(draft, shown)
    listed = [
        f"{_name(point)} at position {first_at[point]:,} ({draft.counts[point]:,} in all)"
        for point in shown
    ]
    one = len(unknown) == 1
    return (
        f"the text has {'a character' if one else f'{len(unknown):,} characters'} that the "
        f"vocabulary ({size:,} character{'s' * (size != 1)}) lacks: "
        f"{_listed(listed, len(unknown))}; remove or replace {'it' if one else 'them'}, "
        f"or use a model trained on text that has {'it' if one else 'them'}"
    )


def _first_positions(draft: Draft, points: list[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    begin = 0
    for piece in draft.pieces():
        for point in points:
            if point not in found and len(places := np.flatnonzero(piece == point)):
                found[point] = begin + int(places[0])
        begin += len(piece)
    return found


def _listed(names: list[str], count: int) -> str:
    more = [f"and {count - len(names):,} more"] if count > len(names) else []
    return "; ".join(names + more)


def _name(point: int) -> str:
    """Show a character so that any terminal can: repr, code point, Unicode name if it has one."""
    char = chr(point)
    return f"{char!r} U+{point:04X} {unicodedata.name(char, '')}".rstrip()
