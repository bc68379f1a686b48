"""Compression: found by the first bytes, bounded in memory, and errors that name the file."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import sys
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn.corpus import TextError
from crnn.corpus.compression import CHUNK, ByteStream, chunks

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CHECKSUM = {int(zstd.CompressionParameter.checksum_flag): 1}
FORMATS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda data: zstd.compress(data, options=CHECKSUM),
}


class Dribble(io.BytesIO):
    """A pipe that gives three bytes at a time."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(3, 3 if size is None or size < 0 else size))


def read(file: io.BytesIO) -> tuple[str | None, bytes]:
    name, pieces = chunks(ByteStream(file, "'x'"))
    return name, b"".join(pieces)


MAGIC = (b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")


@given(st.binary(max_size=40).filter(lambda data: not data.startswith(MAGIC)))
def test_other_bytes_stay(data: bytes) -> None:
    assert read(Dribble(data)) == (None, data)


def test_beginnings_that_only_resemble() -> None:
    for data in (b"BZh9 is how it begins", b"\x1f\x8b\x07", b"\xfd7zXZ", b"\x28\xb5\x2f"):
        assert read(io.BytesIO(data)) == (None, data)


@pytest.mark.parametrize("name", FORMATS)
def test_streams_on_end_are_joined(name: str) -> None:
    compress = FORMATS[name]
    data = compress(b"to be") + compress(b"") + compress(b" or not")
    assert read(io.BytesIO(data)) == read(Dribble(data)) == (name, b"to be or not")
    assert read(io.BytesIO(compress(b""))) == (name, b"")


def test_padding_of_xz() -> None:
    data = lzma.compress(b"a") + b"\0" * 8 + lzma.compress(b"b") + b"\0" * 4
    assert read(Dribble(data)) == ("xz", b"ab")


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_cut_or_damaged(name: str) -> None:
    data = FORMATS[name](bytes(range(256)) * 99)
    middle = len(data) // 2
    for wrong in (
        data[:-1],
        data[:12],
        data[:middle],
        data[:middle] + b"\xff" * 9 + data[middle + 9 :],
        data + b"and more",
        data + data[:12],
    ):
        with pytest.raises(TextError, match=rf"'x' begins like {name}, but cannot be decompressed"):
            read(io.BytesIO(wrong))


@pytest.mark.parametrize("name", FORMATS)
def test_a_bomb_comes_in_pieces(name: str) -> None:
    data = FORMATS[name](bytes(5 * CHUNK))
    assert len(data) < CHUNK // 100
    sizes = [len(piece) for piece in chunks(ByteStream(io.BytesIO(data), "'x'"))[1]]
    assert max(sizes) <= CHUNK
    assert sum(sizes) == 5 * CHUNK


def test_a_window_that_is_too_large() -> None:
    header = b"\x28\xb5\x2f\xfd" + bytes([0, 20 << 3]) + b"\x01\0\0"  # looks back 2^30 bytes
    with pytest.raises(TextError, match=r"'x' begins like zstd, .*too much memory"):
        read(io.BytesIO(header))
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 12}]
    small = bytearray(lzma.compress(b"abc", check=lzma.CHECK_NONE, filters=filters))
    at = small.index(b"\x21\x01") + 2  # the size of the dictionary, as 4 KiB << n / 2
    small[at] = 38
    small[20:24] = zlib.crc32(bytes(small[12:20])).to_bytes(4, "little")
    with pytest.raises(TextError, match=r"'x' begins like xz, .*Memory usage limit"):
        read(io.BytesIO(bytes(small)))


@pytest.mark.parametrize("name", [None, *FORMATS])
def test_errors_of_the_disk_stay_what_they_are(name: str | None) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 0:
                raise OSError(errno.EIO, "Input/output error")
            return super().read(size)

        read1 = read

    data = FORMATS[name](b"abc") if name else b"some more than ten bytes"
    with pytest.raises(OSError, match=r"'x' cannot be read: Input/output error") as caught:
        read(Broken(data))
    assert caught.value.errno == errno.EIO


def test_bytes_are_counted_as_they_are_on_the_disk() -> None:
    counted: list[Any] = []
    data = gzip.compress(b"abc" * 10_000)
    _, pieces = chunks(ByteStream(io.BytesIO(data), "'x'", counted.append))
    assert len(b"".join(pieces)) == 30_000
    assert sum(counted) == len(data)


def test_a_pipe_that_does_not_wait_is_no_end() -> None:
    out, into = os.pipe()
    os.set_blocking(out, False)
    with open(out, "rb") as file, open(into, "wb", 0) as writer:
        writer.write(b"some, and no end")
        _, pieces = chunks(ByteStream(file, "standard input"))
        with pytest.raises(BlockingIOError, match="standard input has no bytes yet"):
            list(pieces)
