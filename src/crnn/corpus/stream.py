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
from crnn.corpus.draft import Draft
from crnn.corpus.reading import BYTES, Reading
from crnn.corpus.sources import Source, find_sources, listed

__all__ = ["Meter", "Notes", "TextStream", "text_of"]

PIECE: Final = 1 << 16
"""Characters: what is made of a piece may take many times its memory."""
_TOLD_EVERY: Final = 1 << 20  # bytes


class TextStream:
    r"""The text of files, folders and streams, piece by piece; read once.

    Parameters
    ----------
    paths : sequence of str or path-like
        As for `read_corpus`.
    reading : Reading
        How to read them: all of it but `min_count` and `documents`, which need a whole text.
    progress : callable, optional
        ``progress(done, total)`` is called now and then: bytes of the files as they are on the
        disk; `total` is None when a stream is among them.

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
        self._meter = Meter(progress, self._found.sources, passes=1)

    def __iter__(self) -> Iterator[str]:
        """Yield pieces of the text, none of them empty, of `PIECE` characters at most."""
        sources = self._found.sources
        for source in sources:
            with source.open() as file:
                pieces = text_of(
                    file, source, self._reading, self._meter, self._notes, len(sources) == 1
                )
                for piece in pieces:
                    for begin in range(0, len(piece), PIECE):
                        yield piece[begin : begin + PIECE]
        self._meter.finish()

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should be told of what was read so far."""
        return self._found.remarks + self._notes.remarks()


class Meter:
    """Tells how far the reading is, not more often than somebody can see.

    Of several `passes` over the text the first reads the bytes.
    """

    def __init__(
        self,
        progress: Callable[[int, int | None], None] | None,
        sources: Sequence[Source],
        passes: int = 2,
    ) -> None:
        self._progress = progress
        sizes = [source.identity.size for source in sources if source.identity is not None]
        self._total = sum(sizes) if len(sizes) == len(sources) else None
        self._passes = passes
        self._read = 0
        self._told = 0

    def read(self, count: int) -> None:
        """Say that bytes were read."""
        self._read += count
        self._tell(self._read // self._passes)

    def numbered(self, draft: Draft) -> Callable[[int], None]:
        """Return what is to be told how many characters of a draft are numbered."""
        half = self._read // 2
        return lambda characters: self._tell(half + half * characters // draft.characters)

    def finish(self) -> None:
        """Say that all is done."""
        self._tell(self._read if self._total is None else self._total, at_once=True)

    def _tell(self, done: int, at_once: bool = False) -> None:
        if self._progress is not None and (at_once or done - self._told >= _TOLD_EVERY):
            self._told = done
            self._progress(done, self._total)


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
    file: BinaryIO, source: Source, reading: Reading, meter: Meter, notes: Notes, alone: bool
) -> Iterator[str]:
    """Return the text of one file, cleaned, in pieces."""
    name, data = chunks(ByteStream(file, source.shown, meter.read))
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
