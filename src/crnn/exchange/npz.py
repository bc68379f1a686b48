"""NumPy's archives: the five arrays under the reference's names, and the characters.

    Wxh (H, V)   Whh (H, H)   Why (V, H)   bh (H, 1)   by (V, 1)   code_points (V,) uint32

What is read may also be the notebook's own: biases of one dimension, the characters as `chars`,
a list or a text that `numpy.savez` made an array of, or none at all. Other arrays in it are left
alone. Nothing is unpickled: an archive is read entry by entry, and what an entry declares of its
type and shape is checked before its numbers are unpacked.
"""

from __future__ import annotations

import io
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from crnn.exchange.parameters import CODE_POINTS, Declared, ExchangeError, Found, check
from crnn.model import PARAMETERS, RNN
from crnn.vocab import Vocab

__all__ = ["read", "to_bytes"]

CHARS: Final = "chars"  # the notebook's name
_LIKELY: Final = 1 << 26  # bytes that any archive may unpack to, however small it is
_MOST_RATIO: Final = 100  # of the sizes after and before unpacking; of numbers it is near 1
_LONGEST_HEADER: Final = 10_000  # NumPy's own limit
_MOST_CHARACTERS: Final = 0x110000
_PACKED: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def to_bytes(model: RNN) -> bytes:
    """Return a model as an archive that `numpy.load` reads."""
    arrays: dict[str, Any] = {name: getattr(model, name) for name in PARAMETERS}
    arrays[CODE_POINTS] = model.vocab.code_points
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def read(data: bytes, source: str) -> Found:
    """Read an archive.

    Raises
    ------
    ExchangeError
        If it is damaged, lacks an array, or declares one that does not fit or is improbably large.
    MemoryError
        If this machine cannot hold the arrays.
    """
    with _described(source), zipfile.ZipFile(io.BytesIO(data)) as archive:
        limit = max(_LIKELY, _MOST_RATIO * len(data))
        members = {name: _Member(archive, name, source, limit) for name in PARAMETERS}
        check(source, {name: member.declared() for name, member in members.items()})
        vocab = _vocabulary(archive, source, limit)
        return Found({name: member.array() for name, member in members.items()}, vocab)


class _Member:
    """One array of an archive: its header is read, its numbers are not yet."""

    def __init__(self, archive: zipfile.ZipFile, name: str, source: str, limit: int) -> None:
        self.name, self._archive, self._source, self._limit = name, archive, source, limit
        try:
            self._info = archive.getinfo(f"{name}.npy")
        except KeyError:
            stems = [entry.removesuffix(".npy") for entry in archive.namelist()[:20]]
            raise ExchangeError(
                f"{source!r} has no array {name}, expected {', '.join(PARAMETERS)}; it has "
                f"{', '.join(stems) or 'nothing'}"
            ) from None
        if self._info.compress_type not in _PACKED or self._info.flag_bits & 1:
            raise ExchangeError(
                f"{source!r}: {name} is encrypted or packed in an unusual way, expected what "
                "numpy.savez or numpy.savez_compressed wrote"
            )
        with archive.open(self._info) as stream:
            self.shape, self.in_columns, self.dtype = _header(stream)
            self._start = stream.tell()

    def declared(self) -> Declared:
        """Return what the header says."""
        bits = 8 * self.dtype.itemsize if self.dtype.kind == "f" else 0
        usable = bits if bits in (32, 64) else 0
        return Declared(self.name, str(self.dtype), usable, self.shape)

    def array(self) -> npt.NDArray[Any]:
        """Return the numbers."""
        count = math.prod(self.shape)
        nbytes = count * self.dtype.itemsize
        if self._info.file_size != self._start + nbytes:
            raise ExchangeError(
                f"{self._source!r} is damaged: {self.name} of shape {self.shape} takes "
                f"{self._start + nbytes:,} bytes, but the archive has {self._info.file_size:,}"
            )
        if nbytes > self._limit:
            raise ExchangeError(
                f"{self._source!r}: {self.name} unpacks to {nbytes:,} bytes, more than "
                f"{_MOST_RATIO} times the archive: no parameters do that; save it by numpy.savez"
            )
        with self._archive.open(self._info) as stream:
            stream.read(self._start)
            data = stream.read(nbytes)
            stream.read(1)  # the end, where the checksum is compared
        numbers = np.frombuffer(data, self.dtype, count)
        if self.in_columns:
            return numbers.reshape(self.shape[::-1]).T
        return numbers.reshape(self.shape)


def _header(stream: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, order and type of an array at the beginning of its entry."""
    version = np.lib.format.read_magic(stream)
    try:
        if version == (1, 0):
            return np.lib.format.read_array_header_1_0(stream, _LONGEST_HEADER)
        if version == (2, 0):
            return np.lib.format.read_array_header_2_0(stream, _LONGEST_HEADER)
    except MemoryError as error:  # of Python's parser, when brackets are nested too deeply
        raise ValueError("an array has a header that cannot be parsed") from error
    raise ValueError(f"an array is in version {version} of NumPy's format, expected 1.0 or 2.0")


def _vocabulary(archive: zipfile.ZipFile, source: str, limit: int) -> Vocab | None:
    """Return the characters of an archive, if it has any."""
    for name in (CODE_POINTS, CHARS):
        if f"{name}.npy" in archive.namelist():
            member = _Member(archive, name, source, limit)
            if len(member.shape) > 1 or max((1, *member.shape)) > _MOST_CHARACTERS:
                raise ExchangeError(
                    f"{source!r}: {name} has shape {member.shape}, expected one dimension of as "
                    "many characters as there are indices"
                )
            return _characters(member, source)
    return None


def _characters(member: _Member, source: str) -> Vocab:
    """Return the vocabulary of an array of integers, of characters, or of one text."""
    kind, width = member.dtype.kind, member.dtype.itemsize
    one_text = member.shape == () and 4 <= width <= 4 * _MOST_CHARACTERS
    if kind == "U" and (width == 4 or one_text):
        # the code points as they lie there: as str, NumPy would take NUL characters from the end
        points = member.array().reshape(-1).view(member.dtype.byteorder + "u4")
    elif kind in "iu" and len(member.shape) == 1:
        points = member.array()
    else:
        raise ExchangeError(
            f"{source!r}: {member.name} is of type {member.dtype} and shape {member.shape}, "
            "expected code points (integers) or single characters; save "
            f"{CHARS}=numpy.array(list(characters)), or give chars (--chars FILE)"
        )
    try:
        return Vocab.from_code_points(points)
    except ValueError as error:
        raise ExchangeError(f"{source!r}: {member.name}: {error}") from error


@contextmanager
def _described(source: str) -> Iterator[None]:
    """Say of which file it is what zipfile, zlib and NumPy object to."""
    try:
        yield
    except ExchangeError:
        raise
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError, ValueError, SyntaxError, TypeError, KeyError),
        *(tokenize.TokenError, struct.error, RecursionError, NotImplementedError, OverflowError),
    ) as error:
        raise ExchangeError(
            f"{source!r} is damaged, or no archive of NumPy: {error}; save it again by numpy.savez"
        ) from error
