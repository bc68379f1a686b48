"""What the scores of a text come to, added up piece by piece in the order of its characters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crnn import scoring
from crnn.score import Score
from crnn.training import bits_per_char

__all__ = ["Tally"]


@dataclass
class Tally:
    """The sums of scores; how a text was cut into pieces changes none.

    Attributes
    ----------
    nats : float
        Of the characters that count.
    count : int
        How many those are: all but those that were skipped.
    unknown : int
        How many characters the vocabulary lacks.
    guessed : int
        How many were the most probable one.

    Examples
    --------
    >>> import crnn
    >>> model = crnn.RNN("ab", hidden_size=4, dtype="float64")
    >>> tally = Tally()
    >>> for piece in ("ab", "ba"):
    ...     tally.add(model.score(piece))
    >>> round(tally.bits_per_char, 3), tally.count
    (1.0, 4)
    """

    nats: float = 0.0
    count: int = 0
    unknown: int = 0
    guessed: int = 0

    def add(self, score: Score) -> None:
        """Take in the score of the next characters."""
        self.nats, self.count = scoring.total_of(score.nats, score.rank, self.nats, self.count)
        self.unknown += score.unknown
        self.guessed += int(np.count_nonzero(score.rank == 1))

    @property
    def nats_per_char(self) -> float:
        """Nats per character; NaN if none counts."""
        return scoring.mean_of(self.nats, self.count)

    @property
    def bits_per_char(self) -> float:
        """Bits per character; NaN if none counts."""
        return bits_per_char(self.nats, self.count)

    @property
    def bits(self) -> float:
        """Of all of them."""
        return bits_per_char(self.nats, 1)

    @property
    def perplexity(self) -> float:
        """Among so many equally probable characters the model was at a loss; NaN if none counts."""
        return scoring.exp_of(self.nats_per_char)
