"""A text as it is learned from: indices, the characters that they stand for, its documents."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from crnn import arguments
from crnn.corpus.numbering import Indices
from crnn.vocab import Vocab

__all__ = ["Corpus", "IndexHash"]

_HASHED_AT_A_TIME = 1 << 16  # as int32 they stay in the processor's cache


class IndexHash:
    """SHA-256 of indices as little-endian int32, in whatever type and pieces they come.

    Examples
    --------
    >>> digest = IndexHash()
    >>> digest.update(np.array([1, 2], np.uint8))
    >>> digest.hexdigest() == hashlib.sha256(bytes([1, 0, 0, 0, 2, 0, 0, 0])).hexdigest()
    True
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def update(self, indices: npt.NDArray[np.integer]) -> None:
        """Add an (n,) array of indices."""
        for at in range(0, len(indices), _HASHED_AT_A_TIME):
            self._digest.update(indices[at : at + _HASHED_AT_A_TIME].astype("<i4").data)

    def digest(self) -> bytes:
        """Return 32 bytes."""
        return self._digest.digest()

    def hexdigest(self) -> str:
        """Return 64 hexadecimal digits."""
        return self._digest.hexdigest()


@dataclass(frozen=True, eq=False, repr=False)
class Corpus:
    """A text, its characters replaced by their indices in a vocabulary.

    `read_corpus` and `corpus_of_text` make it.

    Attributes
    ----------
    vocab : Vocab
        The characters.
    indices : (n,) array of uint8, uint16 or int32
        The text: uint8 for up to 256 characters, uint16 for up to 65,536. Of a large text it is a
        read-only map of a file; another program may change that file, so check what you read.
    starts : (documents,) array of int64
        Where each document begins, rising from 0.
    remarks : tuple of str
        What a person should be told about the reading: files left out, characters replaced.
    known_sha256 : str or None
        The value of `sha256`, where it is known already.

    Examples
    --------
    >>> corpus = Corpus(Vocab("ab"), np.array([0, 1, 1], np.uint8), np.zeros(1, np.int64))
    >>> corpus
    <Corpus of 3 characters, 2 distinct, in 1 document>
    >>> corpus.part(1, 3).text()
    'bb'
    """

    vocab: Vocab
    indices: Indices
    starts: npt.NDArray[np.int64]
    remarks: tuple[str, ...] = ()
    known_sha256: str | None = field(default=None, kw_only=True)

    @property
    def characters(self) -> int:
        """How many characters the text has."""
        return len(self.indices)

    @property
    def documents(self) -> int:
        """How many documents the text has."""
        return len(self.starts)

    @functools.cached_property
    def sha256(self) -> str:
        """SHA-256 of the indices as little-endian int32, 64 hexadecimal digits.

        Of a corpus that was read it is known; of a part it is computed when it is asked for.
        """
        if self.known_sha256 is not None:
            return self.known_sha256
        digest = IndexHash()
        digest.update(self.indices)
        return digest.hexdigest()

    def text(self) -> str:
        """Return the whole text as a str, at once: for small ones."""
        return self.vocab.decode(self.indices)

    def part(self, begin: int, end: int) -> Corpus:
        """Return the characters from `begin` to before `end` as a corpus of the same vocabulary.

        The indices are not copied. A document that is cut goes on in the other part; the remarks
        stay with the whole.

        Parameters
        ----------
        begin, end : int
            0 <= begin < end <= characters.

        Returns
        -------
        Corpus

        Raises
        ------
        TypeError
            They are no integers.
        ValueError
            They are no such places.
        """
        begin, end = arguments.integer("begin", begin), arguments.integer("end", end)
        if not 0 <= begin < end <= self.characters:
            raise ValueError(
                f"begin is {begin} and end is {end}, expected 0 <= begin < end <= {self.characters}"
            )
        first, last = np.searchsorted(self.starts, [begin + 1, end])
        starts = np.zeros(1 + last - first, np.int64)
        np.subtract(self.starts[first:last], begin, out=starts[1:])
        return Corpus(self.vocab, self.indices[begin:end], starts)

    def __repr__(self) -> str:
        """Show the sizes."""
        return (
            f"<Corpus of {self.characters:,} character{'s' * (self.characters != 1)}, "
            f"{len(self.vocab):,} distinct, in "
            f"{self.documents:,} document{'s' * (self.documents != 1)}>"
        )
