"""The packed file: what is damaged, cut or forged is refused, whatever it says."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import struct
import zlib
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proof.packing import model

from crnn.codec import CodecError, compress, decompress
from crnn.codec.container import (
    PIECE,
    Frame,
    Writer,
    frames_of,
    read_up_to,
    verified,
    write_all,
)

TEXT = b"to be, or not to be?\n"
FIRST = 13  # bytes before the header


def resealed(packed: bytes | bytearray) -> bytes:
    """Return a packed file with the checksum that its bytes should have."""
    body = bytes(packed[:-32])
    return body + hashlib.sha256(body).digest()


def written(header: dict[str, Any], *frames: tuple[bytes, int, bytes]) -> bytes:
    target = io.BytesIO()
    writer = Writer(target, header)
    for frame in frames:
        writer.add(*frame)
    writer.end()
    assert writer.size == len(target.getvalue())
    return target.getvalue()


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=50), st.binary(min_size=1, max_size=9))))
def test_what_is_written_is_read(pieces: list[tuple[bytes, bytes]]) -> None:
    header = {"kind": "é", "n": 1.5}
    data = written(header, *((original, 1, payload) for original, payload in pieces))
    source = io.BytesIO(b"before" + data)
    source.seek(6)
    contents = verified(source)
    assert contents.header == header
    assert contents.length == sum(len(original) for original, _ in pieces)
    assert list(frames_of(source)) == [
        Frame(len(original), 1, zlib.crc32(original), payload) for original, payload in pieces
    ]


@pytest.mark.parametrize("with_model", [True, False])
def test_every_single_bit(with_model: bool) -> None:
    rnn = model() if with_model else None
    packed = bytearray(compress(rnn, TEXT))
    for bit in range(8 * len(packed)):
        packed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CodecError):
            decompress(rnn, bytes(packed))
        packed[bit // 8] ^= 1 << bit % 8
    assert decompress(rnn, bytes(packed)) == TEXT


@pytest.mark.parametrize("with_model", [True, False])
def test_every_length_that_is_cut(with_model: bool) -> None:
    rnn = model() if with_model else None
    packed = compress(rnn, TEXT)
    for length in range(len(packed)):
        with pytest.raises(CodecError, match=r"was cut|is empty"):
            decompress(rnn, packed[:length])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "is empty, expected what crnn compress wrote"),
        (b"hello, world", "was not packed by crnn"),
        (b"\x93crnn\r\n\x1a\x02", "middle of its header"),
        (b"\x93crnn\r\n\x1a\x02" + bytes(4), "format 2, this crnn knows up to 1: upgrade"),
        (b"\x93crnn\r\n\x1a\x00" + bytes(4), "its header cannot be what it says"),
        (b"\x93crnn\r\n\x1a\x01" + b"\xff" * 4, "its header cannot be what it says"),
    ],
)
def test_what_is_no_packed_file(data: bytes, expected: str) -> None:
    with pytest.raises(CodecError, match=expected):
        decompress(None, data)


def test_bytes_that_follow() -> None:
    with pytest.raises(CodecError, match="goes on after its end"):
        decompress(model(), compress(model(), TEXT) + b"\0")


def forged(place: int, format_: str, value: int) -> bytes:
    """Return a packed file with one number changed, counted from its first frame, and its seal."""
    packed = bytearray(compress(model(), TEXT))
    (length,) = struct.unpack_from("<I", packed, 9)
    struct.pack_into(format_, packed, FIRST + length + place, value)
    return resealed(packed)


END = len(compress(model(), TEXT)) - 32 - 44
"""Where the end stands."""


@pytest.mark.parametrize("value", [0, 1, len(TEXT) + 1, PIECE + 1, 2**32 - 1])
@pytest.mark.parametrize("place", [0, 4, 8, 12], ids=["length", "events", "size", "crc"])
def test_forged_numbers_of_a_frame(place: int, value: int) -> None:
    with pytest.raises(CodecError, match=r"damaged|was cut|goes on|does not unpack to what"):
        decompress(model(), forged(place, "<I", value))


@pytest.mark.parametrize("value", [0, len(TEXT) + 1, 2**60, 2**64 - 1])
def test_a_forged_length(value: int) -> None:
    packed = bytearray(compress(model(), TEXT))
    struct.pack_into("<Q", packed, END + 4, value)
    with pytest.raises(CodecError, match=f"{len(TEXT)} bytes in frames, {value} at its end"):
        decompress(model(), resealed(packed))


def test_a_forged_payload_and_a_forged_digest() -> None:
    for place in (END - 1, END + 12):
        packed = bytearray(compress(model(), TEXT))
        packed[place] ^= 0x40
        with pytest.raises(CodecError, match="does not unpack to what was packed"):
            decompress(model(), resealed(packed))


def with_header(header: bytes) -> bytes:
    return resealed(
        b"\x93crnn\r\n\x1a" + struct.pack("<BI", 1, len(header)) + header + bytes(12 + 32 + 32)
    )


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{",
        b"[]",
        b'{"kind": "online"}',
        b'{"b":1,"a":2}',
        b"\xff",
        b"[" * 60_000,
        b'{"a":NaN}',
    ],
    ids=range(8),
)
def test_a_header_that_is_none(header: bytes) -> None:
    with pytest.raises(CodecError, match="no JSON of the right kind"):
        decompress(None, with_header(header))


def test_a_header_of_another_contract_and_of_an_unknown_kind() -> None:
    for change, expected in [
        ({"contract": "crnn-9"}, "follows the contract crnn-9, this crnn computes by 'crnn-1'"),
        ({"contract": None}, "follows the contract None"),
        ({"kind": "other"}, "of a kind that this crnn does not know"),
        ({"dtype": "float16"}, "of a kind that this crnn does not know"),
        ({"more": 1}, "of a kind that this crnn does not know"),
        ({"reading": ["utf-8"]}, "of a kind that this crnn does not know"),
        ({"model": ["x" * 9000]}, f"with the model ..{'x' * 14}, this one is"),
        ({"reading": "utf-7"}, "of a kind that this crnn does not know"),
        (
            {"model": "0" * 64},
            f"packed with the model {'0' * 16}, this one is [0-9a-f]{{16}}: give",
        ),
    ]:
        packed = compress(model(), b"")
        (length,) = struct.unpack_from("<I", packed, 9)
        header = json.loads(packed[FIRST : FIRST + length]) | change
        with pytest.raises(CodecError, match=expected):
            decompress(model(), written(header))


@pytest.mark.parametrize(
    "change",
    [
        {"hidden_size": 2**40},
        {"hidden_size": True},
        {"hidden_size": 16.0},
        {"window": 0},
        {"learning_rate": -1.0},
        {"learning_rate": 1},
        {"beta1": 1.0},
        {"seed": -1},
        {"lags": [2**40]},
        {"lags": [0]},
        {"lags": [1] * 17},
        {"lags": 1},
        {"lags": ["1"]},
        {"steps": 0},
        {"final_rate": 1.5},
        {"more": 1},
    ],
    ids=str,
)
def test_forged_settings_of_an_rnn_that_learned(change: dict[str, Any]) -> None:
    packed = compress(None, b"")
    (length,) = struct.unpack_from("<I", packed, 9)
    header = json.loads(packed[FIRST : FIRST + length])
    header["learning"] |= change
    name = re.escape(next(iter(change)))
    with pytest.raises(CodecError, match=f"{name}|how its RNN learned"):
        decompress(None, written(header))


@pytest.mark.parametrize("with_model", [True, False])
@settings(max_examples=150)
@given(data=st.data())
def test_any_byte_forged(with_model: bool, data: st.DataObject) -> None:
    rnn = model() if with_model else None
    packed = bytearray(compress(rnn, TEXT * 2))
    for _ in range(data.draw(st.integers(1, 2))):
        packed[data.draw(st.integers(0, len(packed) - 33))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(CodecError):  # never anything else, never another text
        assert decompress(rnn, resealed(packed)) == TEXT * 2


class Answers:
    """A stream that answers whatever it is told to."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)

    def read(self, size: int) -> Any:
        return self.answers.pop(0)

    def write(self, data: bytes) -> Any:
        return self.answers.pop(0)


def answering(*answers: object) -> BinaryIO:
    return Answers(*answers)  # type: ignore[return-value]


def test_a_short_answer_is_no_end() -> None:
    assert read_up_to(answering(b"ab", bytearray(b"c"), b"de"), 5) == b"abcde"
    assert read_up_to(answering(b"ab", b""), 5) == b"ab"
    write_all(answering(2, 1, 2), b"abcde")


@pytest.mark.parametrize(
    ("answers", "error", "expected"),
    [
        ([b"ab", None], BlockingIOError, "has no bytes yet and does not wait"),
        ([b"ab", b"cdef"], ValueError, "gave 4 bytes, expected at most the 3 asked for"),
        (["ab"], TypeError, "gives str, expected bytes: open it in mode 'rb'"),
    ],
)
def test_what_is_no_answer_to_read(
    answers: list[object], error: type[Exception], expected: str
) -> None:
    with pytest.raises(error, match=expected):
        read_up_to(answering(*answers), 5)


@pytest.mark.parametrize("answer", [None, 0, -1, 4, 1.0, "3"])
def test_what_is_no_answer_to_write(answer: object) -> None:
    with pytest.raises(OSError, match=f"3 bytes were to be written, and write returned {answer!r}"):
        write_all(answering(2, answer), b"abcde")
