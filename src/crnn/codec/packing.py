"""Packing and unpacking: from one stream to another, or from bytes to bytes.

The original goes through in pieces of at most 1 MiB, cut between characters of UTF-8. What is
unpacked is verified as a whole before the first byte is written; a stream that cannot be sought is
kept in a temporary file meanwhile.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO, NamedTuple, TypeAlias

from crnn.codec.coders import Coder, coder_for, coder_of
from crnn.codec.container import (
    PIECE,
    CodecError,
    Frame,
    Writer,
    frames_of,
    read_up_to,
    verified,
    write_all,
)
from crnn.model import RNN

__all__ = ["Summary", "compress", "decompress", "pack", "unpack"]

Progress: TypeAlias = Callable[[int, int | None], None]
"""Is told how many original bytes are done, and how many there are if that is known."""

_IN_MEMORY = 1 << 24  # bytes of a stream that are kept there and not in a file


class Summary(NamedTuple):
    """What became of a stream.

    Attributes
    ----------
    original, packed : int
        Bytes outside and inside of the packed file.
    payload : int
        Those of `packed` that code something; the others are header, lengths and checksums.
    characters : int or None
        How many the original has; unknown after unpacking.
    """

    original: int
    packed: int
    payload: int
    characters: int | None

    @property
    def bits_per_char(self) -> float | None:
        """Bits of the packed file per character of the original; None if that is not known."""
        return 8 * self.packed / self.characters if self.characters else None


def compress(model: RNN | None, data: bytes) -> bytes:
    r"""Return bytes packed by what a model predicts of them.

    Whatever the bytes are, `decompress` returns them exactly, on every machine. They are read as
    UTF-8 or, if the model was trained on bytes, as bytes; what its vocabulary lacks is packed, too,
    but hardly shorter.

    Parameters
    ----------
    model : RNN or None
        The same is needed to unpack. None: an RNN over bytes begins with nothing and learns what it
        packs; that is slower, needs no model at all to unpack, and suits long data (100 kB or
        more).
    data : bytes
        Anything: a text as ``text.encode()``.

    Returns
    -------
    bytes
        What `decompress` takes. About 250 bytes of it describe it and prove that it is whole; 320
        without a model.

    Raises
    ------
    TypeError
        If `model` is no RNN, or `data` are no bytes.
    ValueError
        If the model's probabilities are NaN.

    Examples
    --------
    >>> import crnn
    >>> model = crnn.RNN("abcdr", hidden_size=8)
    >>> crnn.decompress(model, crnn.compress(model, b"abracadabra\x00"))
    b'abracadabra\x00'
    >>> len(crnn.compress(None, b"to be, or not to be. " * 500)) < 2000
    True
    """
    target = io.BytesIO()
    pack(model, io.BytesIO(_bytes("data", data)), target)
    return target.getvalue()


def decompress(model: RNN | None, packed: bytes) -> bytes:
    """Return the bytes that `compress` packed, exactly.

    Parameters
    ----------
    model : RNN or None
        The model that packed them, as it was then; None if there was none.
    packed : bytes
        What `compress` returned, or a file that ``crnn compress`` wrote.

    Raises
    ------
    TypeError
        If `model` is no RNN, or `packed` are no bytes.
    CodecError
        If `packed` is damaged, cut, of a newer version, no packed data, or packed with another
        model.

    Examples
    --------
    >>> import crnn
    >>> crnn.decompress(None, crnn.compress(None, b"abracadabra"))
    b'abracadabra'
    """
    target = io.BytesIO()
    unpack(model, io.BytesIO(_bytes("packed", packed)), target)
    return target.getvalue()


def pack(
    model: RNN | None, source: BinaryIO, target: BinaryIO, progress: Progress | None = None
) -> Summary:
    """Pack all that a stream has into another one, piece by piece.

    Parameters
    ----------
    model : RNN or None
        As for `compress`. It is copied first: what becomes of it meanwhile does not matter.
    source, target : binary file
        Read to its end; written. Neither is sought or closed. After an error `target` holds a part.
    progress : callable, optional
        Called some times a second with the number of bytes done and None.

    Returns
    -------
    Summary

    Raises
    ------
    TypeError
        If `model` is no RNN, or a stream no binary file.
    ValueError
        If the model's probabilities are NaN.
    OSError
        If a stream cannot be read or written, or does not wait until it can.

    Examples
    --------
    >>> import io
    >>> target = io.BytesIO()
    >>> summary = pack(None, io.BytesIO(b"abracadabra"), target)
    >>> summary.original, summary.packed == len(target.getvalue())
    (11, True)
    """
    model = _own(model)
    _check_streams(source, target)
    pieces = _pieces(source)
    first = next(pieces, b"")
    coder = coder_for(model, first)
    writer = Writer(target, coder.header())
    done = payload = characters = 0
    piece = first
    while piece:
        coded = coder.coded(piece, _part_of(progress, done, len(piece), None))
        writer.add(piece, coded.events, coded.payload)
        done, payload = done + len(piece), payload + len(coded.payload)
        characters += coded.characters
        piece = next(pieces, b"")
    writer.end()
    return Summary(done, writer.size, payload, characters)


def unpack(
    model: RNN | None, source: BinaryIO, target: BinaryIO, progress: Progress | None = None
) -> Summary:
    """Unpack what `pack` wrote into a stream.

    Parameters
    ----------
    model : RNN or None
        As for `decompress`; copied first.
    source, target : binary file
        Read to its end; written, but not before all of `source` was verified.
    progress : callable, optional
        Called some times a second with the number of bytes done and of all.

    Returns
    -------
    Summary

    Raises
    ------
    TypeError, OSError
        As for `pack`.
    CodecError
        As for `decompress`.

    Examples
    --------
    >>> import io
    >>> target = io.BytesIO()
    >>> unpack(None, io.BytesIO(compress(None, b"abracadabra")), target).original
    11
    """
    model = _own(model)
    _check_streams(source, target)
    with _seekable(source) as file:
        begin = file.tell()
        contents = verified(file)
        coder = coder_of(model, contents.header)
        digest, done, payload = hashlib.sha256(), 0, 0
        for frame in frames_of(file):
            piece = _checked(coder, frame, _part_of(progress, done, frame.length, contents.length))
            digest.update(piece)
            done, payload = done + len(piece), payload + len(frame.payload)
            write_all(target, piece)
        if digest.digest() != contents.sha256 or done != contents.length:
            raise _altered()
        return Summary(done, file.seek(0, 2) - begin, payload, None)


def _checked(coder: Coder, frame: Frame, watch: Callable[[float], None]) -> bytes:
    """Return the original bytes of a frame, which are those that were packed."""
    piece = coder.found(frame, watch)
    if piece is None or len(piece) != frame.length or zlib.crc32(piece) != frame.crc:
        raise _altered()
    return piece


def _altered() -> CodecError:
    return CodecError(
        "packed data does not unpack to what was packed: it was altered and sealed anew, or this "
        "machine computes wrongly (crnn selfcheck tells)"
    )


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    """Yield what a stream has, cut between characters if it is UTF-8."""
    rest = b""
    while data := rest + read_up_to(source, PIECE - len(rest)):
        end = len(data) if len(data) < PIECE else _last_boundary(data)
        yield data[:end]
        rest = data[end:]


def _last_boundary(data: bytes) -> int:
    """Return where the last character of UTF-8 ends, if it is cut, or begins."""
    for back in range(1, 4):
        if data[-back] & 0xC0 != 0x80:
            return len(data) - back if data[-back] >= 0xC0 else len(data)
    return len(data)


def _seekable(source: BinaryIO) -> AbstractContextManager[BinaryIO]:
    """Return a file that can be sought with all that a stream has."""
    if hasattr(source, "seekable") and source.seekable():
        return nullcontext(source)
    spooled = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - the caller's `with` closes it
    try:
        while piece := read_up_to(source, PIECE):
            spooled.write(piece)
        spooled.seek(0)
    except BaseException:
        spooled.close()
        raise
    return spooled  # type: ignore[return-value]  # it is a BinaryIO in all but its type


def _part_of(
    progress: Progress | None, done: int, length: int, total: int | None
) -> Callable[[float], None]:
    """Return what turns the part of a piece that is done into progress."""
    if progress is None:
        return lambda part: None
    return lambda part: progress(done + int(part * length), total)


def _own(model: RNN | None) -> RNN | None:
    """Return a copy that nobody else can change: all of a stream is coded by the same numbers."""
    if model is None:
        return None
    if not isinstance(model, RNN):
        raise TypeError(
            f"model is of type {type(model).__name__}, expected an RNN, or None to learn from the "
            "data alone"
        )
    return model.astype(model.dtype)


def _check_streams(source: object, target: object) -> None:
    _check_stream("source", source, "read", "rb")
    _check_stream("target", target, "write", "wb")


def _check_stream(name: str, stream: object, method: str, mode: str) -> None:
    if isinstance(stream, io.TextIOBase):
        raise TypeError(f"{name} is a file of text, expected a binary one: open(path, {mode!r})")
    if not hasattr(stream, method):
        raise TypeError(
            f"{name} is of type {type(stream).__name__}, expected a binary file: open(path, "
            f"{mode!r})"
        )


def _bytes(name: str, data: object) -> bytes:
    if isinstance(data, str):
        raise TypeError(f"{name} is a str, expected bytes: encode it with .encode()")
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"{name} is of type {type(data).__name__}, expected bytes")
    return bytes(data)
