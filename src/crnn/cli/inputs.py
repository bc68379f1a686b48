"""What commands read beside texts: models, and bytes of any kind; ``-`` is standard input."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import BinaryIO, Final

from crnn import checkpoint
from crnn.cli.texts import reading_of
from crnn.corpus import Reading
from crnn.corpus.reading import BYTES
from crnn.model import RNN, described_by, load
from crnn.record import read_record
from crnn.settings import Settings

__all__ = ["STANDARD_INPUT", "model_and_reading", "model_of", "standard_input"]

STANDARD_INPUT: Final = "-"


def model_of(path: str) -> RNN:
    """Return the model in a file, or on standard input.

    Raises
    ------
    OSError, CheckpointError
        See `crnn.load`.
    """
    if path == STANDARD_INPUT:
        return RNN.from_bytes(standard_input("a model").read(), "standard input")
    return load(path)


def model_and_reading(path: str, encoding: str | None, glob: str) -> tuple[RNN, Reading]:
    """Return the model in a file and how its training read texts, for more texts of the kind.

    Parameters
    ----------
    path : str
        See `model_of`.
    encoding : str or None
        Of the other texts; None: that of the training.
    glob : str
        Which files of a folder are read.

    Raises
    ------
    OSError, CheckpointError, TextError
        See `crnn.load` and `Reading`.
    """
    if path == STANDARD_INPUT:
        path = "standard input"
        tensors, header = checkpoint.from_bytes(standard_input("a model").read(), path)
    else:
        tensors, header = checkpoint.read(path)
    with described_by(path, "a model"):
        model = RNN._restored(tensors, header)
        record = read_record(header)
    reading = reading_of(record.settings if record else Settings(), glob)
    if encoding == BYTES:  # which no cleaning goes with
        return model, Reading(encoding=encoding, glob=glob)
    return model, replace(reading, encoding=encoding) if encoding else reading


def standard_input(what: str) -> BinaryIO:
    """Return the bytes of standard input.

    Parameters
    ----------
    what : str
        What belongs there, for the message if there is none.

    Raises
    ------
    OSError
        If this process was started without one.
    """
    stream: BinaryIO | None = getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise OSError(f"standard input is closed: pipe {what} into it, or name a file")
    return stream
