"""What commands read beside texts: models, and bytes of any kind; ``-`` is standard input."""

from __future__ import annotations

import sys
from typing import BinaryIO, Final

from crnn.model import RNN, load

__all__ = ["STANDARD_INPUT", "model_of", "standard_input"]

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
