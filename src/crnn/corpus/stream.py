"""The characters of files and streams, in order, without an end in sight.

Every file is decompressed, decoded and cleaned by itself. Pieces come as the system has them: a
line that is written into a pipe is there when it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import BinaryIO, Final

from crnn.corpus.cleaning import cleaned
from crnn.corpus.compression import ByteStream, chunks
from crnn.corpus.decoding import BYTE_ORDER_MARK, decoded, is_utf8
from crnn.corpus.reading import BYTES, Reading
from crnn.corpus.sources import Source, find_sources, listed

__all__ = ["Notes", "TextStream", "text_of", "total_size"]

PIECE: Final = 1 << 16
"""Characters: what is made of a piece may take many times its memory."""


class TextStream:
    r"""The text of files, folders and streams, piece by piece; read once.

    Parameters
    ----------
    paths : sequence of str or path-like
        As for `read_corpus`.
    reading : Reading
        How to read them: all of it but `min_count` and `documents`, which need a whole text.
    progress : callable, optional
        ``progress(done, total)`` is called after every piece: bytes of the files as they are on
        the disk; `total` is None when a stream is among them.

    Raises
    ------
    TypeError, OSError, TextError
        As for `read_corpus`, but that an empty text is no error here; some while it is read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "1.txt")
    ...     _ = path.write_bytes(b"one\r\n")
    ...     "".join(TextStream([path], Reading(newlines="unix")))
    'one\n'
    """

    def __init__(
        self,
        paths: Sequence[str | PathLike[str]],
        reading: Reading,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> None:
        self._found = find_sources(paths, reading.glob)
        self._reading = reading
        self._notes = Notes()
        self._progress = progress
        self._total = total_size(self._found.sources)

    def __iter__(self) -> Iterator[str]:
        """Yield pieces of the text, none of them empty, of `PIECE` characters at most."""
        sources = self._found.sources
        read, told = 0, 0  # bytes of the files; those whose characters were handed out

        def count(size: int) -> None:
            nonlocal read
            read += size

        for source in sources:
            with source.open() as file:
                pieces = text_of(file, source, self._reading, count, self._notes, len(sources) == 1)
                for piece in pieces:
                    begin = told
                    for at in range(0, len(piece), PIECE):
                        yield piece[at : at + PIECE]
                        told = begin + (read - begin) * min(at + PIECE, len(piece)) // len(piece)
                        self._tell(told)

    def _tell(self, done: int) -> None:
        if self._progress is not None:
            self._progress(done, self._total)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should be told of what was read so far."""
        return self._found.remarks + self._notes.remarks()


def total_size(sources: Sequence[Source]) -> int | None:
    """Return the bytes of all sources, or None if a stream is among them."""
    sizes = [source.identity.size for source in sources if source.identity is not None]
    return sum(sizes) if len(sizes) == len(sources) else None


@dataclass
class Notes:
    """Files of which there is something to say."""

    empty: list[str] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)
    decompressed: list[str] = field(default_factory=list)

    def remarks(self) -> tuple[str, ...]:
        """Return it in words."""
        said = {
            f"left out, {'it is' if len(self.empty) == 1 else 'they are'} empty": self.empty,
            "byte-order mark left out at the beginning of": self.marked,
            "decompressed, and then taken as bytes": self.decompressed,
        }
        return tuple(f"{what}: {listed(files)}" for what, files in said.items() if files)


def text_of(
    file: BinaryIO,
    source: Source,
    reading: Reading,
    count: Callable[[int], None],
    notes: Notes,
    alone: bool,
) -> Iterator[str]:
    """Return the text of one file, cleaned, in pieces."""
    name, data = chunks(ByteStream(file, source.shown, count))
    if name is not None and reading.encoding == BYTES:
        notes.decompressed.append(source.shown)
    pieces = decoded(data, reading.encoding, source.shown, alone=alone)
    if is_utf8(reading.encoding):
        pieces = _unmarked(pieces, source.shown, notes)
    return cleaned(pieces, reading, source.shown)


def _unmarked(pieces: Iterable[str], shown: str, notes: Notes) -> Iterator[str]:
    """Leave out a byte-order mark at the beginning."""
    at_beginning = True
    for piece in pieces:
        if at_beginning and piece.startswith(BYTE_ORDER_MARK):
            notes.marked.append(shown)
            yield piece[1:]
        else:
            yield piece
        at_beginning = at_beginning and not piece
