"""Standard output: where the product of a command goes, and what to do when it cannot."""

from __future__ import annotations

import contextlib
import errno
import os
import sys

__all__ = ["OutputError", "abandon", "in_terminal", "write"]


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


def write(text: str) -> None:
    """Write a text to standard output, exactly and at once.

    Raises
    ------
    OutputError
        If that fails.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        raise OutputError(error) from error


def in_terminal() -> bool:
    """Tell whether somebody looks at standard output."""
    return sys.stdout.isatty()


def abandon() -> None:
    """Let standard output lead nowhere: Python flushes it at exit, and would fail again."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
