"""Scores: how surprised a model is by each character of a text, and by all of it.

The numbers come from `crnn.scoring`; here texts are cut into pieces and results put together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from crnn import arguments, checkpoint, scoring
from crnn.arguments import RealArray, choice
from crnn.pool import in_order
from crnn.reading import PIECE, Group, Passage, Reader, groups_of
from crnn.training import bits_per_char

if TYPE_CHECKING:
    from crnn.model import RNN
    from crnn.state import State

__all__ = ["Score", "advance", "score", "score_many"]

UNKNOWN: Final = ("error", "skip", "uniform")

Floats = npt.NDArray[np.float64]
Ranks = npt.NDArray[np.int32]


class _Numbers(NamedTuple):
    """Nats, ranks and entropies of some characters, each (n,)."""

    nats: Floats
    rank: Ranks
    entropy: Floats

    @classmethod
    def room(cls, n: int) -> _Numbers:
        """Return arrays that are yet to be filled."""
        return cls(np.empty(n), np.empty(n, np.int32), np.empty(n))

    def part(self, which: slice) -> _Numbers:
        """Return views of some of them."""
        return _Numbers(self.nats[which], self.rank[which], self.entropy[which])

    def copy(self) -> _Numbers:
        """Return arrays of their own."""
        return _Numbers(self.nats.copy(), self.rank.copy(), self.entropy.copy())

    def spread(self, others: tuple[float, int, float], known: npt.NDArray[np.bool_]) -> None:
        """Move the first numbers, in order, to the places that are known; elsewhere put others."""
        arrays: tuple[npt.NDArray[Any], ...] = self
        for array, other in zip(arrays, others, strict=True):
            array[known] = array[: np.count_nonzero(known)].copy()
            array[~known] = other


@dataclass(frozen=True, eq=False, repr=False)
class Score:
    """How surprised a model was by a text. A value: it compares, copies and pickles.

    Parameters
    ----------
    nats : numpy.ndarray, shape (n,), float64
        The surprise of each character: -ln of the probability that the model gave it, having read
        those before it. NaN where the vocabulary lacks the character and it was skipped.
    rank : numpy.ndarray, shape (n,), int32
        Its place among all characters, 1 for the most probable one; of equally probable ones the
        lower index comes first. 0 where it was skipped. V if the prediction is NaN.
    entropy : numpy.ndarray, shape (n,), float64
        How surprised the model expected to be: the entropy of its prediction, in nats.
    unknown : int
        How many of the characters the vocabulary lacks.

    Attributes
    ----------
    total : float
        The sum of `nats`, in order, in float64; without those that were skipped. 0 of no text.
    count : int
        How many characters are in it.

    Raises
    ------
    ValueError, TypeError
        If the arrays are not of one length, or not of these types.

    Examples
    --------
    >>> import crnn
    >>> score = crnn.RNN("ab", hidden_size=4, dtype="float64").score("abba")
    >>> score
    <Score of 4 characters: 1.000 bits per character, perplexity 2.000>
    >>> score.nats.round(3).tolist(), score.total.__round__(3)
    ([0.693, 0.693, 0.693, 0.693], 2.773)
    """

    nats: Floats
    rank: Ranks
    entropy: Floats
    unknown: int = 0
    total: float = field(init=False)
    count: int = field(init=False)

    def __post_init__(self) -> None:
        types = {"nats": np.float64, "rank": np.int32, "entropy": np.float64}
        for name, dtype in types.items():
            array = getattr(self, name)
            if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != 1:
                raise TypeError(f"{name} is no array of {np.dtype(dtype)} with one dimension")
        arguments.integer("unknown", self.unknown, least=0)
        if not len(self.nats) == len(self.rank) == len(self.entropy):
            raise ValueError(
                f"nats, rank and entropy have {len(self.nats)}, {len(self.rank)} and "
                f"{len(self.entropy)} elements, expected one number of them"
            )
        total, count = scoring.total_of(self.nats, self.rank)
        object.__setattr__(self, "total", total)
        object.__setattr__(self, "count", count)

    @property
    def mean(self) -> float:
        """Nats per character; NaN of no text."""
        return scoring.mean_of(self.total, self.count)

    @property
    def bits_per_char(self) -> float:
        """The same in bits."""
        return bits_per_char(self.total, self.count)

    @property
    def perplexity(self) -> float:
        """Exp of the mean: among so many equally probable characters the model was at a loss."""
        return scoring.exp_of(self.mean)

    def __len__(self) -> int:
        """Return the number of characters, skipped or not."""
        return len(self.nats)

    def __eq__(self, other: object) -> bool:
        """Tell whether the other has the same numbers; a NaN is like another."""
        if not isinstance(other, Score):
            return NotImplemented
        return (
            self.unknown == other.unknown
            and np.array_equal(self.nats, other.nats, equal_nan=True)
            and np.array_equal(self.rank, other.rank)
            and np.array_equal(self.entropy, other.entropy, equal_nan=True)
        )

    __hash__ = None  # type: ignore[assignment]  # its arrays may be changed

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        """Pickle as bytes of a file, which are checked when they are read."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "nats": self.nats, "rank": self.rank, "entropy": self.entropy,
        }  # fmt: skip
        return type(self)._from_bytes, (checkpoint.to_bytes(arrays, {"unknown": self.unknown}),)

    @classmethod
    def _from_bytes(cls, data: bytes) -> Self:
        tensors, header = checkpoint.from_bytes(data)
        unknown: Any = header["unknown"]
        return cls(tensors["nats"], tensors["rank"], tensors["entropy"], unknown)

    def __repr__(self) -> str:
        said = f"<Score of {len(self):,} character{'' if len(self) == 1 else 's'}"
        if self.count:
            said += f": {self.bits_per_char:.3f} bits per character"
            said += f", perplexity {self.perplexity:.3f}"
        if self.unknown:
            said += f"; {self.unknown:,} unknown"
        return said + ">"


def score(model: RNN, text: str, h: RealArray, unknown: str) -> Score:
    """Score a text from the numbers of a state, (H,), which become those after it: `RNN.score`."""
    return _score_text(Reader(model), text, h, unknown, "text")


def advance(state: State, text: str, unknown: str = "error") -> Score:
    """Score a text from a state, which reads it: `State.score`."""
    with state.core:
        h = state.h[:, 0].copy()
        result = score(state.model, text, h, unknown)
        state.h[:, 0] = h
    return result


def score_many(model: RNN, texts: Iterable[str], threads: int, unknown: str) -> list[Score]:
    """Score each of several texts from a fresh state; see `RNN.score_many`."""
    threads = arguments.integer("threads", threads, least=1)
    choice("unknown", unknown, UNKNOWN)
    reader = Reader(model)

    def work(group: Group) -> list[Score]:
        return list(_score_group(reader, group, unknown))

    scored = in_order(work, groups_of(texts), threads, reader.stop)
    return [result for results in scored for result in results]


def _score_group(reader: Reader, group: Group, unknown: str) -> Iterator[Score]:
    """Score texts that are short, or one that is long."""
    names = [f"texts[{group.first + i}]" for i in range(len(group.texts))]
    if len(group.texts) == 1:
        h = np.zeros(reader.model.hidden_size, reader.model.dtype)
        yield _score_text(reader, group.texts[0], h, unknown, names[0])
        return
    passage = Passage.of(reader.model.vocab, group.texts, unknown, names)
    numbers, end = _Numbers.room(sum(map(len, group.texts))), 0
    _fill(reader, passage, unknown, numbers)
    for text in group.texts:
        part = slice(end, end + len(text))
        end = part.stop
        own = numbers.part(part).copy()  # a score does not keep those of its group
        yield Score(*own, _unknowns(passage, part))


def _score_text(reader: Reader, text: str, h: RealArray, unknown: str, name: str) -> Score:
    """Score a text piece by piece from the numbers of a state, which become those after it."""
    choice("unknown", unknown, UNKNOWN)
    vocab, missing = reader.model.vocab, 0
    if not isinstance(text, str):
        vocab.encode(text, name=name)  # says what it is instead
    numbers = _Numbers.room(len(text))
    for begin in range(0, len(text), PIECE):
        piece = slice(begin, begin + PIECE)
        try:
            passage = Passage.of(vocab, [text[piece]], unknown, [name])
        except ValueError:
            vocab.encode(text, name=name)  # says where in all of it
            raise
        _fill(reader, passage, unknown, numbers.part(piece), begin=h.copy(), vectors=h[None])
        missing += _unknowns(passage, slice(None))
    return Score(*numbers, missing)


def _fill(reader: Reader, passage: Passage, unknown: str, numbers: _Numbers, **more: Any) -> None:
    """Fill in the scores, also of characters that the model does not know."""
    found = numbers.part(slice(len(passage.indices)))
    reader.read(passage, scores=tuple(found), **more)
    if passage.known is not None:
        V = len(reader.model.vocab)
        uniform = scoring.log_of(V), V, scoring.log_of(V)
        others = uniform if unknown == "uniform" else (math.nan, 0, math.nan)
        numbers.spread(others, passage.known)


def _unknowns(passage: Passage, part: slice) -> int:
    known = passage.known
    return 0 if known is None else int(np.count_nonzero(~known[part]))
