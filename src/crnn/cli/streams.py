"""Files and standard streams of bytes, for commands that turn one into another.

A file that is written appears under its name whole or not at all, also where a signal comes.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any, BinaryIO, Final, Self, cast

import click

from crnn import durable
from crnn.cli.contradictions import is_same_file
from crnn.cli.inputs import STANDARD_INPUT
from crnn.cli.output import guarded, in_terminal, is_closed
from crnn.cli.signals import Stopping
from crnn.cli.visible import visible

__all__ = ["ENDING", "Streams", "created", "name_of", "refuse_to_replace"]

ENDING: Final = ".crnn"
"""Of the names of packed files."""


def name_of(path: str, stream: str) -> str:
    """Return what to call a file, or the standard stream that - stands for.

    Examples
    --------
    >>> name_of("book.txt", "standard input"), name_of("-", "standard input")
    ('book.txt', 'standard input')
    """
    return stream if path == "-" else visible(path)


def refuse_to_replace(target: str, *read: str) -> None:
    """Refuse a target that is one of the files that a command reads, by whatever name.

    Raises
    ------
    click.ClickException
        If it is: once it is written, what was read is lost.
    """
    for path in read:
        if path != STANDARD_INPUT and target != "-" and is_same_file(target, path):
            raise click.ClickException(
                f"{target!r} is also the file {path!r}, which is read: name another one with -o"
            )


class Streams:
    """What a command reads and what it writes, both of bytes.

    Where the block ends with an error nothing is left of the target.

    Parameters
    ----------
    source, target : str
        Paths, or - for the standard streams.
    force : bool
        Replace a target that is there.

    Attributes
    ----------
    source, target : binary file
    source_size : int or None
        How many bytes the source has, if that is known.
    """

    source: BinaryIO
    target: BinaryIO
    source_size: int | None

    def __init__(self, source: str, target: str, *, force: bool) -> None:
        self._source, self._target, self._force = source, target, force
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Open both."""
        to_stream = self._target == "-"
        if to_stream and in_terminal():
            raise click.UsageError("OUT is a terminal, where bytes do harm: use -o OUT, > or |")
        with contextlib.ExitStack() as stack:
            self.source = stack.enter_context(_opened(self._source))
            self.source_size = _size_of(self.source)
            self.target = stack.enter_context(created(self._target, force=self._force))
            self._open = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close both; the target gets its name unless there was an error."""
        self._open.__exit__(kind, error, trace)


@contextlib.contextmanager
def created(path: str, *, force: bool) -> Iterator[BinaryIO]:
    """Lend a file to write, which appears whole or not at all, or standard output for -.

    Parameters
    ----------
    path : str
    force : bool
        Replace a file that is there.

    Raises
    ------
    OSError
        If it cannot be written, or is there.
    OutputError
        If it is standard output and that cannot be written.
    Stopped
        If a signal comes in the block.
    click.UsageError
        If the path is empty.
    """
    if not path:
        raise click.UsageError("OUT is empty, expected the name of a file, or - (standard output)")
    with _StandardOutput() if path == "-" else _NewFile(path, force) as target:
        yield cast(BinaryIO, target)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """Lend a file to read."""
    if path != "-":
        with _naming(path, "read"):
            file = open(path, "rb")  # noqa: SIM115 - closed below
        with file:
            yield file
        return
    if sys.stdin is None:
        raise OSError("standard input is closed: name a FILE")
    if sys.stdin.isatty():
        raise click.UsageError("standard input is a terminal: name a FILE, or send one by < or |")
    yield sys.stdin.buffer


def _size_of(file: BinaryIO) -> int | None:
    """Return how many bytes are left in a file; None if it is a stream."""
    try:
        status = os.fstat(file.fileno())
        return status.st_size - file.tell() if stat.S_ISREG(status.st_mode) else None
    except OSError:
        return None


class _NewFile:
    """A file that gets its name where the block ends without an error."""

    closed = False  # in the block

    def __init__(self, path: str, force: bool) -> None:
        self._path, self._force = path, force

    def __enter__(self) -> Self:
        if not self._force and os.path.lexists(self._path):
            raise FileExistsError(f"{self._path!r} is there: -f replaces it, -o names another")
        with contextlib.ExitStack() as stack:
            stopping = stack.enter_context(Stopping())
            with _naming(self._path, "written"):
                self._made = durable.created(os.path.realpath(self._path))
                self._file = self._made.__enter__()
            stack.push(self._finish)
            stack.enter_context(stopping.inside())
            self._open = stack.pop_all()
        return self

    def write(self, data: bytes) -> int:
        with _naming(self._path, "written"):
            return self._file.write(data)

    def flush(self) -> None:
        with _naming(self._path, "written"):
            self._file.flush()

    def __exit__(self, *error: Any) -> None:
        self._open.__exit__(*error)

    def _finish(self, *error: Any) -> None:
        """Give the file its name, or take it away."""
        with contextlib.nullcontext() if error[1] else _naming(self._path, "written"):
            self._made.__exit__(*error)


class _StandardOutput:
    """Standard output for bytes, which no terminal shows."""

    closed = False  # in the block

    def __enter__(self) -> Self:
        if is_closed():
            raise OSError("standard output is closed: name a file by -o")
        return self

    def write(self, data: bytes) -> int:
        with guarded():
            return sys.stdout.buffer.write(data)

    def flush(self) -> None:
        with guarded():
            sys.stdout.buffer.flush()

    def __exit__(self, *error: object) -> None:
        with guarded():
            sys.stdout.buffer.flush()


@contextlib.contextmanager
def _naming(path: str, done: str) -> Iterator[None]:
    """Say in an error which file could not be read or written."""
    try:
        yield
    except OSError as error:
        raise OSError(f"{path!r} cannot be {done}: {error.strerror or error}") from error
