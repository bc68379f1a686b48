"""Notes: words on standard error beside what a command puts out."""

from __future__ import annotations

import contextlib
import sys

import click
from rich.console import Console, RenderableType

from crnn.cli.tables import as_lines
from crnn.cli.visible import visible

__all__ = ["Notes", "waiting"]


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

    def show(self, part: RenderableType) -> None:
        """Show a table: as wide as the terminal, or unfolded and without colours elsewhere."""
        if self._quiet:
            return
        console = Console(stderr=True, highlight=False)
        with contextlib.suppress(OSError):
            if console.is_terminal:
                console.print(part)
            else:
                click.echo(as_lines(part), err=True, nl=False)


def waiting(words: str) -> contextlib.AbstractContextManager[object]:
    """Show that something is going on, to whoever looks."""
    if sys.stderr is None or not sys.stderr.isatty():
        return contextlib.nullcontext()
    return Console(stderr=True).status(words)
