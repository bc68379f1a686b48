"""What a model is held against: n-gram models and general compressors, on the validation part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn.analysis.compressors import compressed_bits
from crnn.analysis.ngrams import bits_by_order
from crnn.vocab import Vocab

__all__ = ["COUNTED", "MEASURED", "Baselines", "baselines"]

Indices: TypeAlias = npt.NDArray[np.integer[Any]]

COUNTED: Final = 4_500_000  # characters of the training part that n-gram models count at most
MEASURED: Final = 500_000  # characters of the validation part that are measured at most


@dataclass(frozen=True)
class Baselines:
    """Bits per character that others need for the validation part of a text.

    Attributes
    ----------
    counted : int
        Characters that the n-gram models were trained on: the last of the training part.
    measured : int
        Characters measured: the first of the validation part.
    ngrams : tuple of float
        Of the models of order 0 to 5.
    compressed : dict of float
        By compressor, of these characters alone: compressors begin knowing nothing.
    """

    counted: int
    measured: int
    ngrams: tuple[float, ...]
    compressed: dict[str, float]


def baselines(
    training: Indices,
    validation: Indices,
    vocab: Vocab,
    *,
    counted: int | None = None,
    measured: int | None = None,
) -> Baselines:
    """Measure what n-gram models and compressors need for the validation part of a text.

    Parameters
    ----------
    training, validation : arrays of int
        Indices; the second follows the first.
    vocab : Vocab
        Of both.
    counted, measured : int, optional
        Of the first at most the last so many are used, of the second at most the first; by default
        4,500,000 and 500,000.

    Raises
    ------
    ValueError
        If `validation` is empty.

    Examples
    --------
    >>> vocab = Vocab("ab")
    >>> found = baselines(vocab.encode("ab" * 500), vocab.encode("ab" * 50), vocab)
    >>> found.measured, found.ngrams[1] < 0.1 < found.compressed["gzip -9"]
    (100, True)
    """
    known = training[-(COUNTED if counted is None else counted) :]
    asked = validation[: MEASURED if measured is None else measured]
    return Baselines(
        counted=len(known),
        measured=len(asked),
        ngrams=tuple(bits_by_order(known, asked, len(vocab))),
        compressed=compressed_bits(vocab.decode(asked)),
    )
