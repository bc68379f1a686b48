"""Bytes to events and back: exact whatever the bytes and the vocabulary."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn.codec.alphabet import READINGS, Alphabet, Reading
from crnn.vocab import Vocab

POINTS = st.sampled_from([*range(0x20, 0x7F), 0xE9, 0xFF, 0x436, 0xD800, 0x10FFFF]) | st.integers(
    0xDC80, 0xDCFF
)
DATA = st.binary(max_size=40) | st.text(max_size=30).map(str.encode)


@given(st.sets(POINTS, min_size=1), DATA, st.sampled_from(READINGS))
def test_bytes_come_back(points: set[int], data: bytes, reading: Reading) -> None:
    vocab = Vocab("".join(map(chr, sorted(points))))
    alphabet = Alphabet(vocab, reading)
    events = alphabet.events(data)
    text = data.decode("latin-1" if reading == "bytes" else "utf-8", "surrogateescape")
    assert alphabet.data(events.indices) == data
    assert events.characters == len(text)
    known = [ord(char) for char in text if char in vocab]
    indices = events.indices[events.indices < len(vocab)]
    assert vocab.code_points[indices].tolist() == known
    assert len(events.indices) <= len(data)


def test_every_byte_and_every_character() -> None:
    readings: list[tuple[Reading, str]] = [("utf-8", "aé€𝄞\udc80\udcff"), ("bytes", "aÿ")]
    every = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))
    for data in (bytes(range(256)), every.encode()):
        for reading, chars in readings:
            alphabet = Alphabet(Vocab(chars), reading)
            assert alphabet.data(alphabet.events(data).indices) == data


@pytest.mark.parametrize(("chars", "reading"), [("a\ud800", "utf-8"), ("a€", "bytes")])
def test_characters_that_stand_for_no_bytes(chars: str, reading: Reading) -> None:
    with pytest.raises(UnicodeEncodeError):
        Alphabet(Vocab(chars), reading).data(np.array([1], np.int32))
