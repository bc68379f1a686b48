"""Notes: words on standard error beside what a command puts out."""

from __future__ import annotations

import contextlib

import click

from crnn.cli.visible import visible

__all__ = ["Notes"]


class Notes:
    """Writes lines to standard error.

    Parameters
    ----------
    quiet : bool
        Say nothing but what went wrong.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet

    def say(self, line: str = "") -> None:
        """Say what is going on."""
        if not self._quiet:
            self.insist(line)

    def warn(self, line: str) -> None:
        """Say what went wrong though the command goes on."""
        self.insist(f"Warning: {line}")

    def insist(self, line: str) -> None:
        """Say what has to be known even by somebody who asked for quiet."""
        with contextlib.suppress(OSError):  # words that cannot be said must not cost a training
            click.echo(visible(line), err=True)
