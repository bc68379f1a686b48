"""Standard output: where the product of a command goes, and what to do when it cannot."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator

__all__ = ["OutputError", "abandon", "guarded", "in_terminal", "is_closed", "write", "write_bytes"]


class OutputError(Exception):
    """Standard output cannot be written any more.

    Attributes
    ----------
    closed : bool
        Whether that is just because its reader has seen enough.
    """

    def __init__(self, error: OSError) -> None:
        super().__init__(f"standard output cannot be written: {error.strerror or error}")
        self.closed = isinstance(error, BrokenPipeError) or error.errno == errno.EPIPE


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Give up standard output when it cannot be written in the block.

    Raises
    ------
    OutputError
        If that is so; what is written from then on leads nowhere.
    """
    try:
        yield
    except OSError as error:
        abandon()
        raise OutputError(error) from error


def write(text: str) -> None:
    """Write a text to standard output, exactly and at once.

    Raises
    ------
    OutputError
        If that fails.
    """
    with guarded():
        if is_closed():
            raise OSError(errno.EBADF, "it is closed")
        sys.stdout.write(text)
        sys.stdout.flush()


def write_bytes(data: bytes) -> None:
    """Write bytes to standard output, after what was written before.

    Raises
    ------
    OutputError
        If that fails.
    """
    write("")
    with guarded():
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def is_closed() -> bool:
    """Tell whether this process was started without a standard output."""
    return sys.stdout is None


def in_terminal() -> bool:
    """Tell whether somebody looks at standard output."""
    return not is_closed() and sys.stdout.isatty()


def abandon() -> None:
    """Let standard output lead nowhere: Python flushes it at exit, and would fail again."""
    if is_closed():
        return
    with contextlib.suppress(OSError, ValueError):
        number = sys.stdout.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)
