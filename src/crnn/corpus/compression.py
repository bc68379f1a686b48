"""Bytes of a file or stream, decompressed if their first ones say that they are compressed.

Everything goes by pieces of bounded size, so the memory it takes does not depend on how much
comes out of a few bytes. Only what the compressed file itself asks for (the window that it looks
back into) is more; a file that asks for more than `MOST_MEMORY` is refused.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, Final, Protocol, cast

from crnn.corpus.errors import TextError, reworded

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["CHUNK", "MOST_MEMORY", "ByteStream", "chunks"]

CHUNK: Final = 1 << 22
"""Bytes that are handed on at a time, at most."""
MOST_MEMORY: Final = 1 << 29
"""Bytes that a decompressor may need to look back into what it gave."""

_LONGEST_MAGIC = 10
_PADDING = b"\0"  # may stand between and after the streams of an .xz file


class _Decompressor(Protocol):
    """What the decompressors of bz2, lzma and zstd have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class ByteStream:
    """An opened file whose first bytes can be looked at before they are read.

    Parameters
    ----------
    file : binary file
        Read from where it stands; nothing else of it is used.
    shown : str
        What errors call it.
    count : callable, optional
        Is told how many bytes were read, after every reading.

    Examples
    --------
    >>> import io
    >>> stream = ByteStream(io.BytesIO(b"abc"), "'x'")
    >>> stream.beginning, stream.read(2), stream.read(2)
    (b'abc', b'ab', b'c')
    """

    def __init__(
        self, file: IO[bytes], shown: str, count: Callable[[int], None] | None = None
    ) -> None:
        self._read, self._count = _reader_of(file), count
        self.shown = shown
        self._ended = False  # a terminal would give more after its end
        self.beginning = b""
        while len(self.beginning) < _LONGEST_MAGIC:  # a pipe may give it byte by byte
            more = self._from_file(_LONGEST_MAGIC - len(self.beginning))
            if not more:
                break
            self.beginning += more
        self._ahead = self.beginning

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes, none at the end only."""
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        data = data or self._from_file(size)
        if self._count is not None:
            self._count(len(data))
        return data

    def _from_file(self, size: int) -> bytes:
        if self._ended:
            return b""
        try:
            data = self._read(size)
        except OSError as error:
            message = f"{self.shown} cannot be read: {error.strerror or error}"
            raise reworded(error, message) from error
        if data is None:
            raise BlockingIOError(
                f"{self.shown} has no bytes yet and does not wait for them: os.set_blocking makes "
                "it wait"
            )
        self._ended = not data
        return data


def _reader_of(file: IO[bytes]) -> Callable[[int], bytes | None]:
    """Return what reads as much as is there already, and waits for the first byte."""
    try:
        waits = os.get_blocking(file.fileno())
    except (AttributeError, OSError):  # no file of the system, or one of Windows
        waits = True
    if waits and hasattr(file, "read1"):
        return cast(Callable[[int], bytes], file.read1)
    return file.read  # None if there is nothing yet; read1 would show that as the end


def chunks(stream: ByteStream) -> tuple[str | None, Iterator[bytes]]:
    """Begin to read a stream.

    Parameters
    ----------
    stream : ByteStream
        Its first bytes decide: gzip, bzip2, xz, zstd, or none of these.

    Returns
    -------
    format : str or None
        "gzip", "bzip2", "xz", "zstd".
    pieces : iterator of bytes
        Decompressed, `CHUNK` at most at a time. It raises a `TextError` that names the file
        where the compressed data are damaged, are cut, or ask for more than `MOST_MEMORY`.

    Examples
    --------
    >>> import io
    >>> data = bz2.compress(b"to be") + bz2.compress(b" or not")
    >>> name, pieces = chunks(ByteStream(io.BytesIO(data), "'x'"))
    >>> name, b"".join(pieces)
    ('bzip2', b'to be or not')
    """
    for name, (fits, opened) in _FORMATS.items():
        if fits(stream.beginning):
            return name, _explained(opened(stream), name, stream.shown)
    return None, _plain(stream)


def _plain(stream: ByteStream) -> Iterator[bytes]:
    while data := stream.read(CHUNK):
        yield data


def _gunzipped(stream: ByteStream) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=cast(IO[bytes], stream), mode="rb") as file:
        while data := file.read(CHUNK):
            yield data


def _decompressed(stream: ByteStream, make: Callable[[], _Decompressor]) -> Iterator[bytes]:
    """Yield the contents of one compressed stream after the other, as their tools join them."""
    rest = stream.read(CHUNK)
    while rest:
        decompressor = make()
        yield decompressor.decompress(rest, CHUNK)
        while not decompressor.eof:
            data = b""
            if decompressor.needs_input and not (data := stream.read(CHUNK)):
                raise EOFError("it ends before its end mark")
            yield decompressor.decompress(data, CHUNK)
        rest = decompressor.unused_data.lstrip(_PADDING)
        while not rest and (data := stream.read(CHUNK)):
            rest = data.lstrip(_PADDING)


def _explained(pieces: Iterator[bytes], name: str, shown: str) -> Iterator[bytes]:
    """Say which file it is that cannot be decompressed."""
    try:
        yield from pieces
    except (EOFError, zlib.error, lzma.LZMAError, zstd.ZstdError, gzip.BadGzipFile) as error:
        raise TextError(_damaged(shown, name, error)) from error
    except OSError as error:
        if error.errno is not None:  # the disk's, not bz2's
            raise
        raise TextError(_damaged(shown, name, error)) from error


def _damaged(shown: str, name: str, error: Exception) -> str:
    return (
        f"{shown} begins like {name}, but cannot be decompressed: {error}; "
        f"is it whole? Copy it again, or decompress it with {name}'s own tool to see more"
    )


def _bunzipper() -> _Decompressor:
    return bz2.BZ2Decompressor()


def _unxzer() -> _Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST_MEMORY)


def _unzstder() -> _Decompressor:
    window = int(zstd.DecompressionParameter.window_log_max)
    return zstd.ZstdDecompressor(options={window: MOST_MEMORY.bit_length() - 1})


def _is_bzip2(beginning: bytes) -> bool:
    """Tell by the first block or the end mark: a text may begin with BZh, too."""
    return beginning[:3] == b"BZh" and beginning[4:10] in (b"1AY&SY", b"\x17rE8P\x90")


_FORMATS: Final[dict[str, tuple[Callable[[bytes], bool], Callable[[ByteStream], Any]]]] = {
    "gzip": (lambda data: data.startswith(b"\x1f\x8b\x08"), _gunzipped),
    "bzip2": (_is_bzip2, lambda stream: _decompressed(stream, _bunzipper)),
    "xz": (
        lambda data: data.startswith(b"\xfd7zXZ\0"),
        lambda stream: _decompressed(stream, _unxzer),
    ),
    "zstd": (
        lambda data: data.startswith(b"\x28\xb5\x2f\xfd"),
        lambda stream: _decompressed(stream, _unzstder),
    ),
}
