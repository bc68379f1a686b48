r"""Large texts, read once: files of indices that are mapped into memory instead of being read.

A file holds the corpus of some inputs under one `Reading`, in this machine's byte order::

    bytes 0..107    magic, format, bytes an index, sizes, key, sha256 of the indices (`_HEAD`)
    remarks         JSON
    code points     V times uint32: the vocabulary in its order
    seal            32 bytes: SHA-256 of everything before it
    starts          D times int64, from the next multiple of 64
    indices         n times uint8, uint16 or int32, from the next multiple of 64

The key is the SHA-256 of everything that the corpus depends on: the inputs' absolute paths, sizes,
times and inodes, the reading, a vocabulary that was given. Every size is compared with the file's
before it is used; a file that is cut, damaged or of another format is as good as none. The indices
themselves are not verified at opening. A program that shortens a file while it is mapped stops
every process that reads there; this one never does, it renames and removes.

A file is written under another name and renamed when it is whole, so whoever builds it at the same
time does not disturb; the last one stays. Files of the same inputs as they were earlier are
removed. The folder can be deleted at any time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import struct
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import platformdirs

from crnn.corpus.corpus import Corpus, IndexHash
from crnn.corpus.draft import CODE_POINTS, Draft
from crnn.corpus.errors import reworded
from crnn.corpus.numbering import Indices, Numbering, index_type
from crnn.corpus.reading import Reading
from crnn.corpus.sources import Source
from crnn.vocab import Vocab

__all__ = [
    "FORMAT", "Place", "cache_folder", "explained", "mapped", "place_of", "store", "temporary_file",
]  # fmt: skip

FORMAT: Final = 1
"""Number of the layout; a file of another number is built anew."""

_MAGIC: Final = b"crnntext"
_HEAD: Final = struct.Struct("=8sIIQQQQ32s32s")
_SEAL: Final = 32
_ALIGNMENT: Final = 64
_LONGEST_REMARKS: Final = 1 << 20
_CHECKED_AT_A_TIME: Final = 1 << 20
_NO_KEY: Final = b"\0" * 32  # of a file without a name
_BEING_WRITTEN: Final = ".part"
_ABANDONED: Final = 24 * 60 * 60  # seconds without a byte after which nobody is writing any more


class Head(NamedTuple):
    """The fields of `_HEAD`."""

    magic: bytes
    format: int
    index_size: int
    remarks: int
    characters_in_vocab: int
    documents: int
    characters: int
    key: bytes
    sha256: bytes

    @property
    def sealed(self) -> int:
        """Bytes before the seal."""
        return _HEAD.size + self.remarks + 4 * self.characters_in_vocab

    @property
    def starts_at(self) -> int:
        """Offset of the starts."""
        return _aligned(self.sealed + _SEAL)

    @property
    def indices_at(self) -> int:
        """Offset of the indices."""
        return _aligned(self.starts_at + 8 * self.documents)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.indices_at + self.index_size * self.characters


@dataclass(frozen=True)
class Place:
    """Where the corpus of certain inputs is kept.

    Attributes
    ----------
    folder : Path
        The cache folder.
    inputs : str
        Names the paths that were given.
    state : str
        Names the files that are there now, and their state.
    key : bytes
        Of everything that the corpus depends on, 32 bytes.
    """

    folder: Path
    inputs: str
    state: str
    key: bytes

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / f"{self.inputs}-{self.state}-{self.key.hex()[:16]}"

    def load(self) -> Corpus | None:
        """Map the corpus, if it is there and whole."""
        try:
            with self.path.open("rb") as file:
                return mapped(file, self.key)
        except OSError:
            return None  # as if it were not there: it is built anew, and that says what is wrong


def cache_folder() -> Path:
    """Return the folder of the cache: $CRNN_CACHE_DIR, or crnn in the user's folder of caches.

    Examples
    --------
    >>> os.environ["CRNN_CACHE_DIR"] = "somewhere"
    >>> str(cache_folder())
    'somewhere'
    >>> del os.environ["CRNN_CACHE_DIR"]
    """
    chosen = os.environ.get("CRNN_CACHE_DIR")
    return Path(chosen) if chosen else platformdirs.user_cache_path("crnn", appauthor=False)


def place_of(
    paths: Sequence[str | os.PathLike[str]],
    sources: Sequence[Source],
    reading: Reading,
    vocab: Vocab | None,
) -> Place | None:
    """Return where the corpus of the sources at these paths is kept; None of streams."""
    if any(source.identity is None for source in sources):
        return None
    inputs = [reading.glob, *map(os.path.abspath, paths)]
    state = [(os.path.abspath(source.path), source.identity) for source in sources]
    rest = [
        dataclasses.asdict(reading),
        None if vocab is None else vocab.code_points.tolist(),
        [FORMAT, sys.byteorder, unicodedata.unidata_version],
    ]
    key = _digest([inputs, state, rest])
    return Place(cache_folder(), _digest(inputs).hex()[:16], _digest(state).hex()[:16], key)


def _digest(value: Any) -> bytes:
    return hashlib.sha256(json.dumps(value).encode("ascii")).digest()


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Say of an error in writing the cache which folder it is and how to choose another."""
    try:
        yield
    except OSError as error:
        raise reworded(
            error,
            f"the cache folder {str(cache_folder())!r} cannot be written: "
            f"{error.strerror or error}; large texts are kept there while they are learned from: "
            "make room or mend its permissions, or name another folder by the environment variable "
            "CRNN_CACHE_DIR or XDG_CACHE_HOME",
        ) from error


def temporary_file() -> BinaryIO:
    """Open a nameless file in the cache folder, which is gone when nobody has it open any more.

    Raises
    ------
    OSError
        The folder cannot be made or written; says what to do.
    """
    with explained():
        return cast(BinaryIO, tempfile.TemporaryFile(dir=_made(cache_folder())))


def store(
    place: Place | None,
    draft: Draft,
    numbering: Numbering,
    remarks: tuple[str, ...],
    advance: Callable[[int], None],
) -> Corpus:
    """Write a corpus to a file and map it.

    Parameters
    ----------
    place : Place or None
        Where it is to be found again; None of a stream, whose file has no name.
    draft, numbering : Draft, Numbering
        The text.
    remarks : tuple of str
        Of the corpus.
    advance : callable
        Is told again and again how many characters are done.

    Raises
    ------
    OSError
        The cache folder cannot be written; says what to do.
    """
    if place is not None:
        _write_and_rename(place, draft, numbering, remarks, advance)
        if (corpus := place.load()) is not None:
            return corpus  # otherwise somebody has removed it at once
    with temporary_file() as file:
        _write(file, _NO_KEY, draft, numbering, remarks, advance)
        corpus = mapped(file, _NO_KEY)
    if corpus is None:
        raise OSError(
            f"a file in the cache folder {str(cache_folder())!r} does not hold what was written to "
            "it; look after that disk, or name another folder by CRNN_CACHE_DIR"
        )
    return corpus


def _write_and_rename(
    place: Place,
    draft: Draft,
    numbering: Numbering,
    remarks: tuple[str, ...],
    advance: Callable[[int], None],
) -> None:
    with explained():
        _remove_abandoned(_made(place.folder))
        number, name = tempfile.mkstemp(_BEING_WRITTEN, place.inputs, place.folder)
    try:
        with open(number, "wb") as file:
            _write(file, place.key, draft, numbering, remarks, advance)
            with explained():
                file.flush()
                os.fsync(file.fileno())
        _rename(name, place)
    except BaseException:
        os.unlink(name)
        raise
    _remove_outdated(place)


def _rename(name: str, place: Place) -> None:
    try:
        with explained():
            os.replace(name, place.path)
    except PermissionError:  # Windows, and somebody has mapped the same corpus: as good as ours
        if place.load() is None:
            raise
        os.unlink(name)


def _write(
    file: BinaryIO,
    key: bytes,
    draft: Draft,
    numbering: Numbering,
    remarks: tuple[str, ...],
    advance: Callable[[int], None],
) -> None:
    """Write everything; the head is written last, when the hash of the indices is known."""
    said = json.dumps(remarks).encode("ascii")
    head = Head(
        _MAGIC, FORMAT, numbering.index_of.itemsize, len(said), len(numbering.vocab),
        draft.documents, draft.characters, key, b"\0" * 32,
    )  # fmt: skip
    _put(file, head.starts_at, draft.starts())
    digest = IndexHash()
    _put(file, head.indices_at, _numbered(draft, numbering, digest, advance))
    head = head._replace(sha256=digest.digest())
    front = _HEAD.pack(*head) + said + numbering.vocab.code_points.tobytes()
    _put(file, 0, [np.frombuffer(front + hashlib.sha256(front).digest(), np.uint8)])


def _put(file: BinaryIO, offset: int, pieces: Iterable[npt.NDArray[Any]]) -> None:
    file.seek(offset)
    for piece in pieces:
        with explained():
            file.write(piece.data)


def _numbered(
    draft: Draft, numbering: Numbering, digest: IndexHash, advance: Callable[[int], None]
) -> Iterator[Indices]:
    """Yield the indices; they are hashed while whoever takes them writes them."""
    done = 0
    with ThreadPoolExecutor(1) as other_thread:
        for numbers in draft.pieces():
            indices = numbering.encode(numbers)
            hashed = other_thread.submit(digest.update, indices)
            yield indices
            hashed.result()
            done += len(indices)
            advance(done)


def mapped(file: BinaryIO, key: bytes) -> Corpus | None:
    """Map the corpus that a file holds.

    Parameters
    ----------
    file : binary file
        Open for reading; may be closed afterwards.
    key : bytes
        What the file must have been written for.

    Returns
    -------
    Corpus or None
        None if the file is not whole, not of this format or not for that key.
    """
    file.seek(0)
    head = _head(file, key)
    front = None if head is None else _sealed(file, head)
    if head is None or front is None:
        return None
    starts = np.memmap(file, np.int64, "r", head.starts_at, head.documents)
    if not _rises(starts, head.characters):
        return None
    try:
        remarks = json.loads(front[_HEAD.size : _HEAD.size + head.remarks])
        vocab = Vocab.from_code_points(np.frombuffer(front[_HEAD.size + head.remarks :], np.uint32))
    except (ValueError, RecursionError):
        return None
    if not isinstance(remarks, list):
        return None
    dtype = index_type(head.characters_in_vocab)
    indices = np.memmap(file, dtype, "r", head.indices_at, head.characters)
    return Corpus(vocab, indices, starts, tuple(map(str, remarks)), known_sha256=head.sha256.hex())


def _head(file: BinaryIO, key: bytes) -> Head | None:
    """Return the head if it is of this format, for that key, and the file has the size it says."""
    data = file.read(_HEAD.size)
    if len(data) != _HEAD.size:
        return None
    head = Head(*_HEAD.unpack(data))
    right = (
        (head.magic, head.format, head.key) == (_MAGIC, FORMAT, key)
        and head.remarks <= _LONGEST_REMARKS
        and 1 <= head.characters_in_vocab <= CODE_POINTS
        and head.index_size == index_type(head.characters_in_vocab).itemsize
        and 1 <= head.documents <= head.characters
        and head.size == os.fstat(file.fileno()).st_size
    )
    return head if right else None


def _sealed(file: BinaryIO, head: Head) -> bytes | None:
    """Return what is before the seal, if that is unbroken."""
    file.seek(0)
    front, seal = file.read(head.sealed), file.read(_SEAL)
    return front if hashlib.sha256(front).digest() == seal else None


def _rises(starts: npt.NDArray[np.int64], end: int) -> bool:
    """Tell whether starts begin with 0, rise, and stay below `end`."""
    if starts[0] != 0 or starts[-1] >= end:
        return False
    parts = range(0, len(starts), _CHECKED_AT_A_TIME)
    return all(np.all(np.diff(starts[at : at + _CHECKED_AT_A_TIME + 1]) > 0) for at in parts)


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGNMENT) * _ALIGNMENT


def _made(folder: Path) -> Path:
    folder.mkdir(0o700, parents=True, exist_ok=True)  # what somebody reads is nobody else's matter
    return folder


def _remove_outdated(place: Place) -> None:
    """Remove the files of the same inputs in another state."""
    for path in place.folder.glob(f"{place.inputs}-*"):
        if path.name.split("-")[1] != place.state:
            _remove(path)


def _remove_abandoned(folder: Path) -> None:
    """Remove what somebody began to write and was killed over."""
    for path in folder.glob(f"*{_BEING_WRITTEN}"):
        with contextlib.suppress(FileNotFoundError):  # its writer has just finished
            if time.time() - path.stat().st_mtime > _ABANDONED:
                _remove(path)


def _remove(path: Path) -> None:
    """Remove a file, if it is there and nobody has it mapped (Windows)."""
    with contextlib.suppress(FileNotFoundError, PermissionError):
        path.unlink()
