"""What to expect of a training before it begins: its loss, and the time it takes on this machine.

The loss is foretold from the n-gram model of order 2. With the default settings (100 hidden units,
101,000 windows of 25 characters), trained on the first nine tenths of a text and measured on the
rest, the program needed 0.89 to 1.12 times the bits per character of that model:

====================================  ==========  =======  ==================
text                                  characters  order 2  the RNN, by seed
====================================  ==========  =======  ==================
language reference of Python 3.11        465,048    2.444  2.548, 2.508
its first 60 %                           279,028    2.644  2.550
its first 25 %                           116,262    2.535  2.263
tinyshakespeare                        1,115,394    2.940  3.084, 3.086
its first 30 %                           334,618    2.988  3.122
its first 10 %                           111,539    2.779  2.644
lectures on calculus, in Russian         176,580    2.427  2.583, 2.713
====================================  ==========  =======  ==================
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn.model import RNN
from crnn.settings import Settings
from crnn.trainer import Trainer
from crnn.vocab import Vocab

__all__ = ["ExpectedLoss", "ExpectedTime", "expected_loss", "expected_time"]

Indices: TypeAlias = npt.NDArray[np.integer[Any]]

_LOWEST: Final = 0.85  # times the bits of order 2
_HIGHEST: Final = 1.15
_LN2: Final = 0.6931471805599453
_READ: Final = 200_000  # characters of the text that the trial is trained on
_SOME: Final = 64  # windows between two looks at the clock
_SECONDS: Final = 0.3


@dataclass(frozen=True)
class ExpectedLoss:
    """Where the validation loss of a training with the default settings will be.

    Attributes
    ----------
    bits : tuple of (float, float)
        Lowest and highest, in bits per character.
    """

    bits: tuple[float, float]

    @property
    def nats(self) -> tuple[float, float]:
        """The same in nats per character."""
        return self.bits[0] * _LN2, self.bits[1] * _LN2

    @property
    def nats_per_window(self) -> tuple[float, float]:
        """The same in nats per window of the default length, as a training shows it."""
        return self.nats[0] * Settings.seq_length, self.nats[1] * Settings.seq_length


@dataclass(frozen=True)
class ExpectedTime:
    """How long a training with the default settings takes on this machine.

    Attributes
    ----------
    windows_per_second : float
        As measured.
    windows : int
        Of such a training.
    """

    windows_per_second: float
    windows: int

    @property
    def seconds(self) -> float:
        """Of the whole training."""
        return self.windows / self.windows_per_second


def expected_loss(order_2_bits: float) -> ExpectedLoss:
    """Return the loss to expect of the default settings.

    Parameters
    ----------
    order_2_bits : float
        Bits per character of the n-gram model of order 2.

    Examples
    --------
    >>> expected_loss(2.0).bits
    (1.7, 2.3)
    """
    return ExpectedLoss((round(_LOWEST * order_2_bits, 3), round(_HIGHEST * order_2_bits, 3)))


def expected_time(vocab: Vocab, indices: Indices) -> ExpectedTime | None:
    """Measure how fast the default settings train on a text, for a third of a second.

    Parameters
    ----------
    vocab : Vocab
        Of the text.
    indices : (n,) array of int
        The text.

    Returns
    -------
    ExpectedTime or None
        None: the text is too short to be trained on.

    Examples
    --------
    >>> expected_time(Vocab("a"), np.zeros(3, np.int32)) is None
    True
    """
    if len(indices) < Settings.seq_length + 2:
        return None
    trainer = Trainer(RNN(vocab, seed=0), indices[:_READ], sample_every=0)
    _speed(trainer, _SECONDS / 10)  # memory and caches are fresh
    return ExpectedTime(_speed(trainer, _SECONDS), Settings.steps)


def _speed(trainer: Trainer, seconds: float) -> float:
    """Return how many windows a second are trained, over about so many seconds."""
    begin, first, some, passed = time.perf_counter(), trainer.step, 1, 0.0
    while passed < seconds:
        trainer.train(some)
        some = min(2 * some, _SOME)
        passed = time.perf_counter() - begin
    return (trainer.step - first) / passed
