"""Texts for the doctor: each file read in the encoding that it seems to have.

A training never guesses an encoding. The doctor does, to show what would come of it: a file that is
not UTF-8 is decoded in the most plausible encoding and handed on as UTF-8, through a file for the
time of reading. So everything else is read exactly as for a training.
"""

from __future__ import annotations

import codecs
import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from crnn import corpus
from crnn.analysis import encodings
from crnn.analysis.diagnosis import UTF8, File
from crnn.corpus import Corpus, Reading, TextError, corpus_of_text, read_corpus
from crnn.corpus.compression import ByteStream, chunks
from crnn.corpus.sources import STANDARD_INPUT, Source, find_sources

__all__ = ["DEFAULT", "examine"]

DEFAULT: Final = "the language reference of Python"
"""What the text is called that is read if none is named."""

_INSPECTED: Final = 1 << 26  # bytes of a file that are looked at for its encoding


def examine(
    paths: Sequence[str | os.PathLike[str]], reading: Reading, encoding: str | None = None
) -> tuple[Corpus, list[File]]:
    """Read texts, and find out in which encodings they may be.

    Parameters
    ----------
    paths : sequence of str or path-like
        Files, folders, ``-``, as for `crnn.corpus.read_corpus`; empty: the text that comes with
        Python.
    reading : Reading
        How to read them; its encoding is not looked at.
    encoding : str, optional
        That of the files, if somebody knows it. Otherwise a file that is not UTF-8 is read in the
        most plausible encoding.

    Returns
    -------
    corpus : Corpus
        The text.
    files : list of File
        What is known of each file.

    Raises
    ------
    OSError, TextError
        As of `crnn.corpus.read_corpus`.

    Examples
    --------
    >>> import pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "old.txt")
    ...     _ = path.write_bytes("Съешь ещё этих мягких булок".encode("cp1251"))
    ...     text, (file,) = examine([path], Reading())
    >>> file.read_as, text.text()[:5]
    ('cp1251', 'Съешь')
    """
    if not paths:
        default = corpus.default_text()
        size = len(default.encode(UTF8, "surrogatepass"))
        file = File(DEFAULT, size, UTF8, True, encodings.inspect(b""))
        return corpus_of_text(default, reading), [file]
    reading = replace(reading, encoding=encoding or UTF8)
    with tempfile.TemporaryDirectory() as folder:
        places: list[str] = []
        files: list[File] = []
        found = find_sources(paths, reading.glob)
        for source in found.sources:
            data = _beginning(source)
            file = _file(source, data, encoding)
            files.append(file)
            places.append(_place(source, data, file, os.path.join(folder, str(len(files)))))
        is_copied = any(os.path.dirname(place) == folder for place in places)
        text = read_corpus(places, reading, cache=False if is_copied else None)
        return replace(text, remarks=found.remarks + text.remarks), files


def _beginning(source: Source) -> bytes:
    """Return the bytes that are looked at, decompressed: of a stream, which comes once, all."""
    most = _INSPECTED if source.identity is not None else math.inf
    data = bytearray()
    for piece in _bytes_of(source):
        data += piece
        if len(data) >= most:
            return bytes(data[: data.rfind(b"\n") + 1] or data)  # no character is cut
    if not data and source.identity is None:
        raise TextError(f"{source.shown} is empty, expected a text")
    return bytes(data)


def _bytes_of(source: Source) -> Iterator[bytes]:
    with source.open() as file:
        yield from chunks(ByteStream(file, source.shown))[1]


def _file(source: Source, data: bytes, encoding: str | None) -> File:
    """Return what is known of a file."""
    known = encodings.inspect(data)
    read_as = encoding or UTF8
    if encoding is None and not known.utf8 and known.suspects:
        read_as = known.suspects[0].encoding
    name = "standard input" if source.path == STANDARD_INPUT else source.path
    size = len(data) if source.identity is None else source.identity.size
    return File(name, size, read_as, encoding is not None, known)


def _place(source: Source, data: bytes, file: File, copy: str) -> str:
    """Return where to read a file: where it is, or a copy of a stream or of what is no UTF-8."""
    is_stream = source.identity is None
    if not file.chosen and not file.encoding.utf8 and file.encoding.suspects:
        _write(copy, _recoded(iter([data]) if is_stream else _bytes_of(source), file.read_as))
        return copy
    if is_stream:
        _write(copy, iter([data]))
        return copy
    return source.path


def _recoded(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Yield the UTF-8 of bytes in another encoding; damage leaves U+FFFD."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for piece in pieces:
        yield decoder.decode(piece).encode(UTF8, "replace")
    yield decoder.decode(b"", final=True).encode(UTF8, "replace")


def _write(path: str, pieces: Iterator[bytes]) -> None:
    with open(path, "wb") as file:
        file.writelines(pieces)
