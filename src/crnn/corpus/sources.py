"""Where texts come from: files, the files of folders, streams; found before anything is read."""

from __future__ import annotations

import os
import pathlib
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, NamedTuple

from crnn import checkpoint
from crnn.corpus.errors import TextError, opening

__all__ = ["STANDARD_INPUT", "Found", "Identity", "Source", "find_sources", "listed", "settle"]

STANDARD_INPUT: Final = "-"

_NAMED: Final = 5  # files that a remark or an error lists
_BEGINNING: Final = 64  # bytes that tell a checkpoint
_COPIES: Final = (".bak", ".part")  # what stands beside a checkpoint while it is replaced
_SAVED: Final = "saved by crnn"
_TO_NOTHING: Final = "a link to nothing"
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


@dataclass(frozen=True)
class Found:
    """What is to be read, and what a folder has besides.

    Attributes
    ----------
    sources : list of Source
        At least one, in order.
    left_out : dict of str to list of str
        Why files were left out, and what a message calls them.
    """

    sources: list[Source]
    left_out: dict[str, list[str]] = field(default_factory=dict)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should be told of them."""
        return tuple(
            f"left out, {why}: {listed(files)}" for why, files in sorted(self.left_out.items())
        )

    def leave_out(self, why: str, path: str) -> None:
        """Remember a file that is not read."""
        self.left_out.setdefault(why, []).append(repr(path))


def listed(files: Sequence[str]) -> str:
    """Return a few names of files, and how many more there are.

    Examples
    --------
    >>> listed(list("abcdefg"))
    'a, b, c, d, e and 2 more'
    """
    more = f" and {len(files) - _NAMED:,} more" if len(files) > _NAMED else ""
    return ", ".join(files[:_NAMED]) + more


def find_sources(paths: Sequence[str | os.PathLike[str]], glob: str) -> Found:
    """Find what is to be read, in order.

    Parameters
    ----------
    paths : sequence of str or path-like
        Files, folders, ``-`` for standard input. The files of a folder and of the folders inside
        it are sorted by their names; hidden ones (``.name``) are left out, unless `glob` begins
        with a dot, and so are links to nothing, checkpoints of crnn and copies beside them.
    glob : str
        Which files of a folder; see `Reading`.

    Returns
    -------
    Found

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
    ...     found = find_sources([folder], "*.txt")
    >>> [os.path.basename(source.path) for source in found.sources]
    ['a.txt', 'b.txt']
    """
    if isinstance(paths, str | bytes | os.PathLike) or not isinstance(paths, Sequence):
        raise TypeError(f"paths is a {type(paths).__name__}, expected a list of paths")
    if not paths:
        raise TextError("paths is empty, expected at least one file, folder, or - for a stream")
    names = [_name(position, path) for position, path in enumerate(paths)]
    if names.count(STANDARD_INPUT) > 1:
        raise TextError("standard input (-) is named twice, expected once: it can be read once")
    found = Found([])
    for name in names:
        _find(name, glob, found)
    return found


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


def _find(name: str, glob: str, found: Found) -> None:
    """Add what one path names."""
    if name == STANDARD_INPUT:
        found.sources.append(Source(name, None))
        return
    with opening(repr(name)):
        status = os.stat(name)
    if not stat.S_ISDIR(status.st_mode):
        found.sources.append(_source(name, status))
        return
    before = len(found.sources)
    found.sources.extend(_files(name, glob, found))
    if len(found.sources) == before:
        raise TextError(
            f"folder {name!r} has no file to read that matches {glob!r} (hidden files, links to "
            "nothing, and what crnn saved are left out); name files, or another --glob"
        )


def _source(path: str, found: os.stat_result) -> Source:
    return Source(path, _identity(found) if stat.S_ISREG(found.st_mode) else None)


def _identity(found: os.stat_result) -> Identity:
    return Identity(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def _files(folder: str, glob: str, found: Found) -> list[Source]:
    """Return the regular files below a folder that match; links to folders are not followed."""
    inside: list[tuple[tuple[str, ...], Source]] = []
    for below in _names(folder, glob):
        path = os.path.join(folder, below)
        try:
            with opening(repr(path)):
                status = os.stat(path)
        except FileNotFoundError:
            if not os.path.islink(path):
                raise
            found.leave_out(_TO_NOTHING, path)
            continue
        if stat.S_ISREG(status.st_mode):  # a pipe would wait for somebody to write
            inside.append((below.parts, _source(path, status)))
    inside.sort(key=lambda pair: pair[0])
    return _without_checkpoints([source for _, source in inside], found)


def _names(folder: str, glob: str) -> Iterator[pathlib.PurePath]:
    """Yield the files below a folder that match, seen from there."""
    glob = glob.removeprefix("**/")  # `match` begins at the right: it means this already
    hidden = glob.rpartition("/")[2].startswith(".")
    for parent, folders, names in os.walk(folder, onerror=_refuse):
        if not hidden:
            folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            below = pathlib.PurePath(os.path.relpath(os.path.join(parent, name), folder))
            if (hidden or not name.startswith(".")) and below.match(glob):
                yield below


def _without_checkpoints(sources: list[Source], found: Found) -> list[Source]:
    """Leave out what crnn saved, and the copies beside it: models are often where texts are."""
    saved = {source.path for source in sources if _is_checkpoint(source)}
    saved |= {
        source.path
        for source in sources
        if source.path.endswith(_COPIES) and os.path.splitext(source.path)[0] in saved
    }
    for source in sources:
        if source.path in saved:
            found.leave_out(_SAVED, source.path)
    return [source for source in sources if source.path not in saved]


def _is_checkpoint(source: Source) -> bool:
    with opening(source.shown), open(source.path, "rb") as file:
        return checkpoint.begins_like_one(file.read(_BEGINNING))


def _refuse(error: OSError) -> None:
    """Do not leave a folder out in silence, as `os.walk` would."""
    with opening(repr(error.filename)):
        raise error
