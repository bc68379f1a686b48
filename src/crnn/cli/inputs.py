"""What commands read beside texts: models, and bytes of any kind; ``-`` is standard input."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import BinaryIO, Final

from crnn import checkpoint
from crnn.cli.texts import reading_of
from crnn.corpus import Reading
from crnn.corpus.reading import BYTES
from crnn.memory import affordable
from crnn.model import RNN, described_by
from crnn.record import read_record
from crnn.settings import Settings

__all__ = [
    "STANDARD_INPUT",
    "contents_of",
    "model_and_reading",
    "model_of",
    "read_all",
    "standard_input",
]

STANDARD_INPUT: Final = "-"
_HEAD: Final = 64  # bytes by which a model is recognised
_STEP: Final = 1 << 20  # bytes
_COPIES: Final = 8  # as much memory as is read, until a model or indices have been made of it


def contents_of(path: str) -> checkpoint.Contents:
    """Return what is in a file that crnn saved, or on standard input.

    Raises
    ------
    OSError, CheckpointError
        See `crnn.load`.
    """
    if path == STANDARD_INPUT:
        stream = standard_input("a model")
        head = stream.read(_HEAD)
        data = read_all(stream, "a model", head) if checkpoint.begins_like_one(head) else head
        return checkpoint.parse(data, "standard input")
    return checkpoint.read_contents(path)


def model_of(path: str) -> RNN:
    """Return the model in a file, or on standard input; raises what `contents_of` does."""
    return _model_in(contents_of(path), path)


def model_and_reading(path: str, encoding: str | None, glob: str = "*") -> tuple[RNN, Reading]:
    """Return the model in a file and how its training read texts, for more texts of the kind.

    Parameters
    ----------
    path : str
        A file, or standard input.
    encoding : str or None
        Of the other texts; None: that of the training.
    glob : str
        Which files of a folder are read.

    Raises
    ------
    OSError, CheckpointError, TextError
        See `crnn.load` and `Reading`.
    """
    contents = contents_of(path)
    model = _model_in(contents, path)
    if encoding == BYTES:  # which no cleaning goes with
        return model, Reading(encoding=encoding, glob=glob)
    with described_by(path, "a training"):
        record = read_record(contents.header)
    reading = reading_of(record.settings if record else Settings(), glob)
    return model, replace(reading, encoding=encoding) if encoding else reading


def _model_in(contents: checkpoint.Contents, path: str) -> RNN:
    with described_by(path, "a model"):
        return RNN._restored(contents.tensors, contents.header)


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


def read_all(stream: BinaryIO, what: str, head: bytes = b"") -> bytes:
    """Read bytes to their end, as long as this machine can hold what is made of them.

    Parameters
    ----------
    stream : binary file
    what : str
        What it has, for the message.
    head : bytes
        What has been read of it already, to see whether the rest is worth it.

    Returns
    -------
    bytes
        `head` and the rest.

    Raises
    ------
    MemoryError
        If there are more.
    """
    data = bytearray(head)
    while piece := stream.read(_STEP):
        data += piece
        try:
            affordable(_COPIES * len(data))
        except MemoryError:
            raise MemoryError(
                f"{what} has more than {len(data):,} bytes, too many for the memory of this machine"
            ) from None
    return bytes(data)
