"""The packed file: a header, frames, an end, and a checksum of it all.

* 8 bytes: 93 hexadecimal, c r n n, carriage return, newline, 1A hexadecimal
* 1 byte: number of the format
* 4 bytes: length of the header
* the header: JSON, keys sorted, without spaces
* frames, each of

  * 4 bytes: length, from 1 to 2^20
  * 4 bytes: events, from 1 to length
  * 4 bytes: size of the payload, from 1 to 8 (events + 1)
  * 4 bytes: CRC-32
  * the payload

* the end, of

  * 4 bytes: 0, where a frame would have its length
  * 8 bytes: length of all frames
  * 32 bytes: SHA-256

* 32 bytes: SHA-256 of every byte before

All numbers are unsigned and little-endian. Length, CRC-32 and the SHA-256 of the end are those of
the original bytes. Every number is compared with what is possible before it is used; so is the
checksum, before anything is unpacked.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from crnn.checkpoint import JSON

__all__ = [
    "FORMAT",
    "PIECE",
    "CodecError",
    "Contents",
    "Frame",
    "Writer",
    "frames_of",
    "shown",
    "verified",
]

FORMAT: Final = 1
"""Number of the file layout that this module writes, the newest that it reads."""
PIECE: Final = 1 << 20
"""Most original bytes of a frame."""

_MAGIC: Final = b"\x93crnn\r\n\x1a"
_LONGEST_HEADER: Final = 1 << 16
_BYTES_OF_AN_EVENT: Final = 8  # at most
_DIGEST: Final = 32
_SHOWN: Final = 16  # letters of a value that a message shows
_FIRST = struct.Struct("<BI")
_FRAME = struct.Struct("<IIII")
_END = struct.Struct(f"<IQ{_DIGEST}s")


class CodecError(ValueError):
    """What was to be unpacked is damaged, cut, no packed file, or packed otherwise."""


@dataclass(frozen=True)
class Frame:
    """A piece of the original, coded.

    Attributes
    ----------
    length : int
        Original bytes.
    events : int
        How many they are coded as.
    crc : int
        CRC-32 of the original bytes.
    payload : bytes
        What they are coded into.
    """

    length: int
    events: int
    crc: int
    payload: bytes


@dataclass(frozen=True)
class Contents:
    """What a packed file says of itself; its checksum is right.

    Attributes
    ----------
    header : dict
        As it was written.
    length : int
        Original bytes.
    sha256 : bytes
        Of the original bytes.
    """

    header: dict[str, JSON]
    length: int
    sha256: bytes


# --- Writing -------------------------------------------------------------------------------------


class Writer:
    """Writes a packed file.

    Parameters
    ----------
    target : binary file
        Written from where it is.
    header : dict
        What JSON can hold.

    Attributes
    ----------
    size : int
        Bytes written so far.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> writer = Writer(file, {"kind": "none"})
    >>> writer.add(b"original", 8, b"coded")
    >>> writer.end()
    >>> writer.size == len(file.getvalue())
    True
    """

    def __init__(self, target: BinaryIO, header: dict[str, JSON]) -> None:
        self._target = target
        self._all, self._original = hashlib.sha256(), hashlib.sha256()
        self._length = self.size = 0
        written = _canonical(header)
        self._write(_MAGIC + _FIRST.pack(FORMAT, len(written)) + written)

    def add(self, original: bytes, events: int, payload: bytes) -> None:
        """Write the next frame: at most `PIECE` original bytes, and what they are coded into."""
        self._original.update(original)
        self._length += len(original)
        self._write(_FRAME.pack(len(original), events, len(payload), zlib.crc32(original)))
        self._write(payload)

    def end(self) -> None:
        """Write the end."""
        self._write(_END.pack(0, self._length, self._original.digest()))
        self._write(self._all.digest())

    def _write(self, data: bytes) -> None:
        self._all.update(data)
        self.size += len(data)
        write_all(self._target, data)


def write_all(target: BinaryIO, data: bytes) -> None:
    """Write to a file that may take a part at a time.

    Raises
    ------
    OSError
        If it takes nothing, or does not tell how much: as one does that would have to wait.
    """
    rest = memoryview(data)
    while rest:
        written = target.write(rest)
        if not isinstance(written, int) or not 0 < written <= len(rest):
            raise OSError(
                f"{len(rest)} bytes were to be written, and write returned {written!r}, expected "
                "how many it took: a stream must wait until it can take some"
            )
        rest = rest[written:]


def _canonical(header: dict[str, JSON]) -> bytes:
    return json.dumps(header, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


# --- Reading -------------------------------------------------------------------------------------


def verified(source: BinaryIO) -> Contents:
    """Verify a packed file: its structure, every number in it, its checksum.

    Parameters
    ----------
    source : binary file
        Can be sought; read from where it is to its end, and left where the frames begin.

    Raises
    ------
    CodecError
        If anything is wrong; nothing but numbers was used until then.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> Writer(file, {"kind": "none"}).end()
    >>> verified(io.BytesIO(file.getvalue())).header
    {'kind': 'none'}
    >>> verified(io.BytesIO(file.getvalue()[:-1]))
    Traceback (most recent call last):
        ...
    crnn.codec.container.CodecError: packed data ends in the middle of its checksum: it was cut
    """
    begin = source.tell()
    written = _header_bytes(source)
    frames = source.tell()
    length, sha256 = _walk(source)
    size = source.tell() - begin
    sealed = _exactly(source, _DIGEST, "its checksum")
    if read_up_to(source, 1):
        raise CodecError("packed data goes on after its end: something was appended to it")
    source.seek(begin)
    if _digest_of(source, size) != sealed:
        raise CodecError("packed data is damaged: its checksum is wrong")
    source.seek(frames)
    return Contents(_parsed(written), length, sha256)


def frames_of(source: BinaryIO) -> Iterator[Frame]:
    """Return an iterator over the frames of a file that `verified` has seen, from the first one on.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> writer = Writer(file, {})
    >>> writer.add(b"original", 8, b"coded")
    >>> writer.end()
    >>> source = io.BytesIO(file.getvalue())
    >>> contents = verified(source)
    >>> [frame.payload for frame in frames_of(source)]
    [b'coded']
    """
    while (numbers := _frame_numbers(source)) is not None:
        length, events, size, crc = numbers
        yield Frame(length, events, crc, _exactly(source, size, "a frame"))


def _header_bytes(source: BinaryIO) -> bytes:
    """Read what comes before the frames."""
    magic = read_up_to(source, len(_MAGIC))
    if not magic:
        raise CodecError("packed data is empty, expected what crnn compress wrote")
    if magic != _MAGIC[: len(magic)]:
        raise CodecError("this was not packed by crnn: it begins with other bytes")
    if magic != _MAGIC:
        raise CodecError("packed data ends in the middle of its first bytes: it was cut")
    format_, length = _FIRST.unpack(_exactly(source, _FIRST.size, "its header"))
    if format_ > FORMAT:
        raise CodecError(
            f"packed data has format {format_}, this crnn knows up to {FORMAT}: upgrade crnn"
        )
    if format_ < 1 or length > _LONGEST_HEADER:
        raise CodecError("packed data is damaged: its header cannot be what it says")
    return _exactly(source, length, "its header")


def _walk(source: BinaryIO) -> tuple[int, bytes]:
    """Go through the frames by their numbers alone; return what the end says of the original."""
    total = 0
    while (numbers := _frame_numbers(source)) is not None:
        length, _, size, _ = numbers
        total += length
        source.seek(size - 1, 1)
        _exactly(source, 1, "a frame")
    rest = _exactly(source, _END.size - 4, "its end")
    _, length, sha256 = _END.unpack(bytes(4) + rest)
    if length != total:
        raise CodecError(f"packed data is damaged: {total} bytes in frames, {length} at its end")
    return length, sha256


def _frame_numbers(source: BinaryIO) -> tuple[int, int, int, int] | None:
    """Read the numbers of a frame, each of them possible; None where the end begins."""
    first = _exactly(source, 4, "its frames")
    if first == bytes(4):
        return None
    rest = _exactly(source, _FRAME.size - 4, "a frame")
    length, events, size, crc = _FRAME.unpack(first + rest)
    if length > PIECE or not 1 <= events <= length or not 1 <= size <= _most(events):
        raise CodecError("packed data is damaged: a frame cannot have the size it says")
    return length, events, size, crc


def _most(events: int) -> int:
    """Return how many bytes so many events can take."""
    return _BYTES_OF_AN_EVENT * (events + 1)


def _parsed(written: bytes) -> dict[str, JSON]:
    """Return the header, which must be written as `Writer` writes it."""
    try:
        header: Any = json.loads(written)
        right = isinstance(header, dict) and _canonical(header) == written
    except (ValueError, RecursionError):
        right = False
    if not right:
        raise CodecError("packed data has a header that is no JSON of the right kind")
    return dict(header)


def _digest_of(source: BinaryIO, size: int) -> bytes:
    digest = hashlib.sha256()
    while size > 0:
        piece = _exactly(source, min(size, PIECE), "its frames")
        digest.update(piece)
        size -= len(piece)
    return digest.digest()


def _exactly(source: BinaryIO, size: int, where: str) -> bytes:
    data = read_up_to(source, size)
    if len(data) < size:
        raise CodecError(f"packed data ends in the middle of {where}: it was cut")
    return data


def read_up_to(source: BinaryIO, size: int) -> bytes:
    """Read so many bytes from a file that may give a part at a time; fewer only where it ends.

    Raises
    ------
    BlockingIOError
        If it has not come to its end, but does not wait for more.
    TypeError, ValueError
        If it gives characters, or more than was asked for.
    """
    pieces = []
    while size > 0 and (piece := _read(source, size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _read(source: BinaryIO, size: int) -> bytes:
    """Read some bytes; none only at the end."""
    piece: Any = source.read(size)
    if piece is None:
        raise BlockingIOError(
            "a stream has no bytes yet and does not wait for them: os.set_blocking makes it wait"
        )
    if isinstance(piece, str):
        raise TypeError("a stream gives str, expected bytes: open it in mode 'rb'")
    if len(piece) > size:
        raise ValueError(f"a stream gave {len(piece)} bytes, expected at most the {size} asked for")
    return bytes(piece)


def shown(value: object) -> str:
    """Return a value of a header, which may be anything, as a message shows it.

    Examples
    --------
    >>> shown("a fingerprint of many digits"), shown([1, 2])
    ('a fingerprint of', '[1, 2]')
    """
    return (value if isinstance(value, str) else repr(value))[:_SHOWN]
