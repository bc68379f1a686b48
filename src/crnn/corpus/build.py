"""Texts to a corpus: one pass over the bytes, one over the characters.

The first decodes and cleans a text, counts its characters and keeps them as a draft. Then it is
known which characters there are, and the second gives each its index. Both go by pieces, so memory
is bounded however long the text is; a draft and a corpus of more than 64 MiB are on the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any, Final

import numpy as np

from crnn.corpus import cache as caching
from crnn.corpus.cleaning import cleaned
from crnn.corpus.corpus import Corpus, IndexHash
from crnn.corpus.draft import Draft
from crnn.corpus.errors import TextError
from crnn.corpus.numbering import Numbering, number
from crnn.corpus.reading import Reading
from crnn.corpus.sources import Source, find_sources, listed, settle
from crnn.corpus.stream import Notes, text_of, total_size
from crnn.vocab import Vocab

__all__ = ["corpus_of_text", "read_corpus"]

_PIECE: Final = 1 << 20  # characters of a str that are cleaned at a time
_TOLD_EVERY: Final = 1 << 20  # bytes


def read_corpus(
    paths: Sequence[str | PathLike[str]],
    reading: Reading,
    *,
    vocab: Vocab | None = None,
    progress: Callable[[int, int | None], None] | None = None,
    cache: bool | None = None,
) -> Corpus:
    r"""Read the texts of files, folders and streams, joined in their order.

    Files and streams that begin like gzip, bzip2, xz or zstd are decompressed. Every file is
    decoded and cleaned by itself. Files without a character are left out and named in the remarks.

    Parameters
    ----------
    paths : sequence of str or path-like
        Files; folders, of which every file that matches `reading.glob` is read, sorted by name;
        ``-`` for standard input. Pipes and devices are read once, to their end.
    reading : Reading
        How to read them.
    vocab : Vocab, optional
        Encode with this vocabulary; without, one is made of the characters that are found.
    progress : callable, optional
        ``progress(done, total)`` is called now and then: bytes of the files as they are on the
        disk, half of them counted when they are read and half when they are numbered; `total` is
        None when a stream is among them.
    cache : bool, optional
        Whether the indices are kept in the user's cache folder and mapped into memory, to be found
        there the next time. None: if the text takes more than 64 MiB (at 1, 2 or 4 bytes a
        character). False: never; everything is in memory. Of streams, which come once, nothing is
        kept: their indices are in a nameless file, if there are as many.

    Returns
    -------
    Corpus

    Raises
    ------
    TypeError
        An argument is of another type.
    OSError
        A file cannot be opened or read, or the cache folder cannot be written.
    TextError
        There is no text; one is not in its encoding, damaged or changed while it was read; `vocab`
        lacks characters. Names the file and the offset.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "1.txt").write_bytes(b"one\r\n")
    ...     _ = pathlib.Path(folder, "2.txt").write_bytes(b"two\n")
    ...     corpus = read_corpus([folder], Reading(newlines="unix", documents="file"))
    >>> corpus.text(), corpus.starts.tolist()
    ('one\ntwo\n', [0, 4])
    """
    _check(reading, vocab)
    if cache not in (None, True, False):
        raise TypeError(f"cache is {cache!r}, expected True, False or None")
    found = find_sources(paths, reading.glob)
    corpus = _read_sources(paths, found.sources, reading, vocab, progress, cache)
    return replace(corpus, remarks=found.remarks + corpus.remarks)


def _read_sources(
    paths: Sequence[str | PathLike[str]],
    sources: list[Source],
    reading: Reading,
    vocab: Vocab | None,
    progress: Callable[[int, int | None], None] | None,
    cache: bool | None,
) -> Corpus:
    """Read files and streams that were found, or find their corpus in the cache."""
    place = None if cache is False else caching.place_of(paths, sources, reading, vocab)
    meter = _Meter(progress, sources)
    if place is not None:
        settle(sources)
        if (corpus := place.load()) is not None:
            meter.finish()
            return corpus
    with Draft(reading.documents, None if cache is False else caching.temporary_file) as draft:
        remarks = _read(draft, sources, reading, meter)
        numbering = number(draft, reading.min_count, vocab)
        remarks += numbering.remarks
        if draft.is_on_disk or (cache and place is not None):
            corpus = caching.store(place, draft, numbering, remarks, meter.numbered(draft))
        else:
            corpus = _in_memory(draft, numbering, remarks)
    meter.finish()
    return corpus


def corpus_of_text(text: str, reading: Reading | None = None, vocab: Vocab | None = None) -> Corpus:
    r"""Make a corpus of a str, cleaned as the text of a file would be.

    Parameters
    ----------
    text : str
        At least one character. All is kept, also a byte-order mark.
    reading : Reading, optional
        How to clean it; its encoding and glob say nothing here.
    vocab : Vocab, optional
        As for `read_corpus`.

    Returns
    -------
    Corpus

    Raises
    ------
    TypeError
        An argument is of another type.
    TextError
        The text is empty, or `vocab` lacks characters of it.

    Examples
    --------
    >>> corpus = corpus_of_text("a\n\nb", Reading(documents="line"))
    >>> corpus.indices.tolist(), corpus.starts.tolist()
    ([1, 0, 0, 2], [0, 2, 3])
    """
    reading = Reading() if reading is None else reading
    _check(reading, vocab)
    if not isinstance(text, str):
        raise TypeError(f"text is a {type(text).__name__}, expected a str; decode bytes")
    pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
    with Draft(reading.documents, None) as draft:
        for piece in cleaned(pieces, reading, "the text"):
            draft.add(piece)
        if not draft.characters:
            raise TextError("text is empty, expected at least one character")
        numbering = number(draft, reading.min_count, vocab)
        return _in_memory(draft, numbering, numbering.remarks)


def _check(reading: Any, vocab: Any) -> None:
    if not isinstance(reading, Reading):
        raise TypeError(f"reading is a {type(reading).__name__}, expected a Reading")
    if not isinstance(vocab, Vocab | None):
        raise TypeError(f"vocab is a {type(vocab).__name__}, expected a Vocab or None")


class _Meter:
    """Tells how far the reading is, not more often than somebody can see."""

    def __init__(
        self, progress: Callable[[int, int | None], None] | None, sources: Sequence[Source]
    ) -> None:
        self._progress = progress
        self._total = total_size(sources)
        self._read = 0
        self._told = 0

    def read(self, count: int) -> None:
        """Say that bytes were read."""
        self._read += count
        self._tell(self._read // 2)

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


def _read(
    draft: Draft, sources: Sequence[Source], reading: Reading, meter: _Meter
) -> tuple[str, ...]:
    """Read all sources into a draft; return what there is to say of them."""
    notes = Notes()
    for source in sources:
        before = draft.characters
        draft.begin_file()
        with source.open() as file:
            for piece in text_of(file, source, reading, meter.read, notes, len(sources) == 1):
                with caching.explained():
                    draft.add(piece)
        if draft.characters == before:
            notes.empty.append(source.shown)
    if not draft.characters:
        if len(sources) == 1:
            raise TextError(f"{sources[0].shown} is empty, expected a text; is it the right file?")
        raise TextError(
            f"{listed(notes.empty)} are empty, expected a text; are they the right files?"
        )
    return notes.remarks()


def _in_memory(draft: Draft, numbering: Numbering, remarks: tuple[str, ...]) -> Corpus:
    indices = np.empty(draft.characters, numbering.index_of.dtype)
    digest = IndexHash()
    done = 0
    for numbers in draft.pieces():
        indices[done : done + len(numbers)] = numbering.encode(numbers)
        done += len(numbers)
    digest.update(indices)
    starts = np.concatenate(list(draft.starts()))
    return Corpus(numbering.vocab, indices, starts, remarks, known_sha256=digest.hexdigest())
