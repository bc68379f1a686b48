"""The data doctor: all there is to say of a text before a training."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn.analysis import characters, repeats
from crnn.analysis.advice import advice
from crnn.analysis.baselines import baselines
from crnn.analysis.compressors import compressed_bits
from crnn.analysis.diagnosis import RARE, Diagnosis, File, Repeated
from crnn.analysis.encodings import misread
from crnn.analysis.forecast import expected_loss, expected_time
from crnn.analysis.repeats import Spans
from crnn.vocab import Vocab

__all__ = ["STUDIED", "diagnose"]

Indices: TypeAlias = npt.NDArray[np.integer[Any]]

STUDIED: Final = 5_000_000  # characters at the end of a text for what would take too long of it all
_QUOTED: Final = 60  # characters of a repeated line or document


def diagnose(
    vocab: Vocab,
    indices: Indices,
    starts: Sequence[int] | npt.NDArray[np.int64] = (0,),
    files: Sequence[File] = (),
    *,
    timed: bool = True,
) -> Diagnosis:
    r"""Look at a text.

    Parameters
    ----------
    vocab : Vocab
        Of the text.
    indices : (n,) array of int
        The text, at least one character.
    starts : sequence of int
        Where its documents begin, the first at 0.
    files : sequence of File
        Where it comes from.
    timed : bool
        Whether to measure how long a training takes: a third of a second.

    Returns
    -------
    Diagnosis

    Raises
    ------
    ValueError
        If the text is empty.

    Examples
    --------
    >>> text = "The cat sat on the mat.\n" * 40
    >>> vocab = Vocab.from_text(text)
    >>> found = diagnose(vocab, vocab.encode(text), timed=False)
    >>> found.characters, found.distinct, found.lines.copies
    (960, 13, 39)
    """
    if not len(indices):
        raise ValueError("indices is empty, expected at least one character")
    counts = characters.count_characters(indices, len(vocab))
    used = "".join(char for char, count in zip(vocab.chars, counts, strict=True) if count)
    spans = repeats.lines(indices, _line_end(vocab))
    lines = repeats.repeats(indices, spans)
    cut = len(indices) * 9 // 10
    studied = vocab.decode(indices[-STUDIED:])
    learnable = baselines(indices[:cut], indices[cut:], vocab)
    found = Diagnosis(
        files=tuple(files),
        characters=len(indices),
        distinct=len(used),
        distinct_lowercase=len(set(used.lower())),
        rare=int(np.count_nonzero((counts > 0) & (counts < RARE))),
        rarest=tuple(characters.rarest(vocab, counts)),
        strangest=tuple(characters.strangest(vocab, counts)),
        newlines=characters.count_newlines(vocab, indices),
        studied=len(studied),
        is_nfc=unicodedata.is_normalized("NFC", studied),
        misreading=misread(studied),
        lines=lines,
        documents=repeats.repeats(indices, _documents(indices, starts)),
        repeated=tuple(_quoted(vocab, indices, *most) for most in lines.most),
        leakage=repeats.leakage(indices, cut, spans),
        baselines=learnable,
        compressed=compressed_bits(studied),
        expected_loss=expected_loss(learnable.ngrams[2]),
        expected_time=expected_time(vocab, indices) if timed else None,
    )
    found = _of_bytes(found) if found.is_of_bytes else found
    return replace(found, advice=tuple(advice(found)))


def _of_bytes(found: Diagnosis) -> Diagnosis:
    """Leave out what is said of letters: bytes are none, and no byte is strange."""
    return replace(
        found,
        distinct_lowercase=found.distinct,
        rarest=tuple(replace(one, name=f"byte 0x{ord(one.char):02X}") for one in found.rarest),
        strangest=(),
        is_nfc=True,
        misreading=None,
    )


def _line_end(vocab: Vocab) -> int:
    """Return the index of the character that ends lines; -1: there is none."""
    return vocab.chars.find("\n") if "\n" in vocab else vocab.chars.find("\r")


def _documents(indices: Indices, starts: Sequence[int] | npt.NDArray[np.int64]) -> Spans:
    begins = np.asarray(starts, np.int64)
    return Spans(begins, np.diff(begins, append=len(indices)))


def _quoted(vocab: Vocab, indices: Indices, count: int, begin: int, length: int) -> Repeated:
    text = vocab.decode(indices[begin : begin + min(length, _QUOTED)])
    return Repeated(text + ("…" if length > _QUOTED else ""), count)
