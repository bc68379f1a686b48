"""Where texts come from: files, the files of folders, streams; found before anything is read."""

from __future__ import annotations

import os
import pathlib
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, NamedTuple

from crnn.corpus.errors import TextError, opening

__all__ = ["STANDARD_INPUT", "Identity", "Source", "find_sources", "settle"]

STANDARD_INPUT: Final = "-"

_TICK: Final = 20_000_000  # nanoseconds in which a system may give two changes the same time


class Identity(NamedTuple):
    """What changes when somebody changes a file: what `os.stat` says of it."""

    size: int
    mtime_ns: int
    ctime_ns: int  # a tool may set the time of the contents back, but not this one
    inode: int


@dataclass(frozen=True)
class Source:
    """A place that bytes are read from.

    Attributes
    ----------
    path : str
        A file, or ``-`` for standard input.
    identity : Identity or None
        Of a regular file; None of what can be read once and in order only: a pipe, a device.
    """

    path: str
    identity: Identity | None

    @property
    def shown(self) -> str:
        """What a message calls it."""
        return "standard input" if self.path == STANDARD_INPUT else repr(self.path)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the bytes; at the end find out whether the file is still the one that was found.

        Raises
        ------
        OSError
            It cannot be opened or read.
        TextError
            Somebody changed it meanwhile.
        """
        if self.path == STANDARD_INPUT:
            stream = getattr(sys.stdin, "buffer", None)  # a notebook's has characters only
            if stream is None:
                lack = "is closed" if sys.stdin is None else "has no bytes"
                raise OSError(f"standard input {lack}: pipe a text into it, or name a file")
            yield stream
            return
        with opening(self.shown):
            file = open(self.path, "rb")  # noqa: SIM115
        with file:
            yield file
            if self.identity not in (None, _identity(os.fstat(file.fileno()))):
                raise TextError(
                    f"{self.shown} was changed while it was read; "
                    "read it again when nothing writes to it"
                )


def find_sources(paths: Sequence[str | os.PathLike[str]], glob: str) -> list[Source]:
    """Find what is to be read, in order.

    Parameters
    ----------
    paths : sequence of str or path-like
        Files, folders, ``-`` for standard input. The files of a folder and of the folders inside
        it are sorted by their names; hidden ones (``.name``) are left out, unless `glob` begins
        with a dot.
    glob : str
        Which files of a folder; see `Reading`.

    Returns
    -------
    list of Source
        At least one.

    Raises
    ------
    TypeError
        `paths` is no sequence of paths.
    OSError
        There is no such file, or it may not be read.
    TextError
        No path is given, a folder has no such file, or standard input is named twice.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b.txt", "a.txt", "c.py"):
    ...         _ = pathlib.Path(folder, name).write_text(name)
    ...     [os.path.basename(source.path) for source in find_sources([folder], "*.txt")]
    ['a.txt', 'b.txt']
    """
    if isinstance(paths, str | bytes | os.PathLike) or not isinstance(paths, Sequence):
        raise TypeError(f"paths is a {type(paths).__name__}, expected a list of paths")
    if not paths:
        raise TextError("paths is empty, expected at least one file, folder, or - for a stream")
    names = [_name(position, path) for position, path in enumerate(paths)]
    if names.count(STANDARD_INPUT) > 1:
        raise TextError("standard input (-) is named twice, expected once: it can be read once")
    return [source for name in names for source in _sources(name, glob)]


def settle(sources: Sequence[Source]) -> None:
    """Wait till whoever changes one of the sources gives it another time, too.

    A file that was written a moment ago could be written once more at the same time by the
    system's clock; it would look as if it were the one that was found.
    """
    changes = [source.identity.ctime_ns for source in sources if source.identity is not None]
    age = time.time_ns() - max(changes, default=0)
    if 0 <= age < _TICK:
        time.sleep((_TICK - age) / 1e9)


def _name(position: int, path: Any) -> str:
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        kind = type(path).__name__
        raise TypeError(f"paths[{position}] is a {kind}, expected a str or pathlib.Path")
    return os.fspath(path)


def _sources(name: str, glob: str) -> list[Source]:
    if name == STANDARD_INPUT:
        return [Source(name, None)]
    with opening(repr(name)):
        found = os.stat(name)
    if not stat.S_ISDIR(found.st_mode):
        return [_source(name, found)]
    inside = _files(name, glob)
    if not inside:
        raise TextError(
            f"folder {name!r} has no file that matches {glob!r} (hidden files are left out); "
            "name files, or another --glob"
        )
    return inside


def _source(path: str, found: os.stat_result) -> Source:
    return Source(path, _identity(found) if stat.S_ISREG(found.st_mode) else None)


def _identity(found: os.stat_result) -> Identity:
    return Identity(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def _files(folder: str, glob: str) -> list[Source]:
    """Return the regular files below a folder that match; links to folders are not followed."""
    glob = glob.removeprefix("**/")  # `match` begins at the right: it means this already
    hidden = glob.rpartition("/")[2].startswith(".")
    found: list[tuple[tuple[str, ...], Source]] = []
    for parent, folders, names in os.walk(folder, onerror=_refuse):
        if not hidden:
            folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = os.path.join(parent, name)
            below = pathlib.PurePath(os.path.relpath(path, folder))
            if (name.startswith(".") and not hidden) or not below.match(glob):
                continue
            with opening(repr(path)):
                status = os.stat(path)
            if stat.S_ISREG(status.st_mode):  # a pipe would wait for somebody to write
                found.append((below.parts, _source(path, status)))
    return [source for _, source in sorted(found, key=lambda pair: pair[0])]


def _refuse(error: OSError) -> None:
    """Do not leave a folder out in silence, as `os.walk` would."""
    with opening(repr(error.filename)):
        raise error
