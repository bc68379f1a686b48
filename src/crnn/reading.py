"""Known texts on their way through a model: checked, encoded, in groups, cut, in threads.

What is asked of the texts, `crnn.score` and `crnn.vectors` say; `crnn.scoring` computes it. Nothing
here changes a result: how texts are grouped, cut and shared out changes no bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from crnn.scoring import Reading
from crnn.slices import Slices
from crnn.vocab import Vocab

if TYPE_CHECKING:
    from crnn.model import RNN

__all__ = ["PIECE", "Group", "Passage", "Reader", "groups_of"]

PIECE: Final = 65_536
"""Characters of a group of texts, and of a piece of a longer one: what is in work at a time."""


class Group(NamedTuple):
    """Some of the texts that a caller gave.

    Attributes
    ----------
    first : int
        Number of the first one.
    texts : list of str
    """

    first: int
    texts: list[str]


class Passage(NamedTuple):
    """Texts as indices.

    Attributes
    ----------
    indices : numpy.ndarray, shape (n,), int32
        Of the characters that the vocabulary has, of one text after the other.
    lengths : list of int
        How many of those each text has.
    known : numpy.ndarray of bool, or None
        For each character of the texts, whether the vocabulary has it; None: it has all.
    """

    indices: npt.NDArray[np.int32]
    lengths: list[int]
    known: npt.NDArray[np.bool_] | None

    @classmethod
    def of(cls, vocab: Vocab, texts: Sequence[str], unknown: str, names: Sequence[str]) -> Passage:
        """Encode texts.

        Parameters
        ----------
        vocab : Vocab
        texts, names : sequence of str
            The texts, and what errors call them.
        unknown : str
            "error", or characters that the vocabulary lacks are left out.

        Raises
        ------
        ValueError
            If there is such a character, and it is an error; it is named with its position.
        """
        indices = vocab.lookup("".join(texts))
        lengths = [len(text) for text in texts]
        known = indices >= 0
        if known.all():
            return cls(indices, lengths, None)
        if unknown == "error":
            for text, name in zip(texts, names, strict=True):
                vocab.encode(text, name=name)
        before = np.concatenate([[0], np.cumsum(known)])  # characters known before each place
        ends = np.concatenate([[0], np.cumsum(lengths, dtype=np.intp)])
        return cls(indices[known], np.diff(before[ends]).tolist(), known)


class Reader:
    """Reads texts with one model, as often as asked, in any number of threads at a time.

    Parameters
    ----------
    model : RNN
    """

    def __init__(self, model: RNN) -> None:
        self.model = model
        self._multiply_adds = model.hidden_size * (model.hidden_size + len(model.vocab))
        self._stopped = False

    def read(self, passage: Passage, **asked: Any) -> None:
        """Fill the arrays that are asked for; see `crnn.scoring.Reading`.

        Raises
        ------
        CancelledError
            If the reader was stopped meanwhile.
        """
        reading = Reading(self.model._net, passage.indices, passage.lengths, **asked)
        slices, left = Slices(self._multiply_adds), len(passage.indices)

        def work(characters: int) -> None:
            nonlocal left
            left -= reading.run(characters)

        while left > 0:
            if self._stopped:
                raise CancelledError
            slices.run(work, left)

    def stop(self) -> None:
        """End what is read in other threads, within some 20 ms."""
        self._stopped = True


def groups_of(texts: Iterable[str]) -> Iterator[Group]:
    """Put texts into groups of some `PIECE` characters, as they come.

    Raises
    ------
    TypeError
        If they are no iterable of texts.
    """
    if isinstance(texts, str):
        raise TypeError("texts is one str, expected several: pass a list, [text] for a single one")
    if not isinstance(texts, Iterable):
        raise TypeError(f"texts is of type {type(texts).__name__}, expected a list of str")
    group, characters = Group(0, []), 0
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"texts[{number}] is of type {type(text).__name__}, expected a str")
        if group.texts and characters + len(text) > PIECE:
            yield group
            group, characters = Group(number, []), 0
        group.texts.append(text)
        characters += max(1, len(text))
    if group.texts:
        yield group
