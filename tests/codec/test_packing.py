"""Packing and unpacking: exact for any bytes, in any stream, on every table."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proof.packing import bytes_model, files, model

import crnn
from crnn import codec, core
from crnn.codec import CodecError, compress, decompress, packing

MODELS: Any = {"model": model(), "bytes": bytes_model(), "online": None}
EACH = pytest.mark.parametrize("rnn", MODELS.values(), ids=MODELS)


@EACH
@settings(max_examples=40)
@given(data=st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
def test_any_bytes_come_back(rnn: crnn.RNN | None, data: bytes) -> None:
    assert decompress(rnn, compress(rnn, data)) == data


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.long)])
def test_every_table_packs_the_same_bytes_and_unpacks_them(every: int) -> None:
    """Every seventh file, and all of them."""
    assert len(files()) == 100
    packed = set()
    for isa in core.available_isas():
        environment = os.environ | {"CRNN_ISA": isa, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-m", "proof.packing", "--every", str(every)]
        done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
        assert len(done.stdout.splitlines()) >= 100 // every
        packed.add(done.stdout)
    assert len(packed) == 1


class Trickle(io.RawIOBase):
    """A stream that gives and takes a little at a time and cannot be sought."""

    def __init__(self, data: bytes = b"") -> None:
        self.rest, self.taken = data, b""

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        n = min(len(buffer), 1000)
        piece, self.rest = self.rest[:n], self.rest[n:]
        buffer[: len(piece)] = piece
        return len(piece)

    def write(self, data: Any) -> int:
        self.taken += bytes(data[:700])
        return min(len(data), 700)


@EACH
def test_streams_that_give_and_take_a_little(rnn: crnn.RNN | None) -> None:
    data = "to be, or not? é ж\n".encode() * 150
    inside, outside = Trickle(), Trickle()
    summary = codec.pack(rnn, as_file(Trickle(data)), as_file(inside))
    assert inside.taken == compress(rnn, data)
    assert (summary.original, summary.packed) == (len(data), len(inside.taken))
    back = codec.unpack(rnn, as_file(Trickle(inside.taken)), as_file(outside))
    assert outside.taken == data
    assert back == summary._replace(characters=None)


def as_file(stream: Trickle) -> BinaryIO:
    return stream  # type: ignore[return-value]


def test_long_data_has_frames_and_is_cut_between_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(packing, "PIECE", 10)
    for text in ("ж" * 40, "€" * 33, "𝄞" * 22, "aж€𝄞" * 9, "a" * 30):
        data = text.encode()
        pieces = list(packing._pieces(io.BytesIO(data)))
        assert b"".join(pieces) == data
        assert "".join(piece.decode() for piece in pieces) == text
        assert all(7 <= len(piece) <= 10 for piece in pieces[:-1])
    for data in (b"\x80" * 35, b"\xff" * 35, b"a" * 9 + b"\xf0"):
        assert b"".join(packing._pieces(io.BytesIO(data))) == data
    for rnn in MODELS.values():
        data = "to be ж or ж not ?".encode() * 5
        assert decompress(rnn, compress(rnn, data)) == data


def test_progress_is_told_and_ends_where_all_is_done() -> None:
    told: list[Any] = []
    packed, data = io.BytesIO(), b"to be " * 100
    codec.pack(model(), io.BytesIO(data), packed, lambda *now: told.append(now))
    assert told[-1] == (600, None)
    packed.seek(0)
    codec.unpack(model(), packed, io.BytesIO(), lambda *now: told.append(now))
    assert told[-1] == (600, 600)


def test_the_reading_that_is_shorter_is_taken() -> None:
    for rnn, data, reading in [
        (model(), "to be é or ж\n".encode() * 20, b'"utf-8"'),
        (crnn.RNN("Ð¶"), "ж".encode() * 200, b'"bytes"'),
        (bytes_model(), b"ascii", b'"utf-8"'),
    ]:
        assert b'"reading":' + reading in compress(rnn, data)


def bits_of_prediction(rnn: crnn.RNN, text: str) -> float:
    """Return what the model's predictions of a text are worth, in bits."""
    state, bits = rnn.state(), 0.0
    p = state.feed("")
    for char in text:
        bits -= float(np.log2(p[rnn.vocab.encode(char)[0]], dtype=np.float64))
        p = state.feed(char)
    return bits


def test_the_payload_is_the_score_within_a_thousandth() -> None:
    words = np.random.default_rng(2).choice(["to ", "be, ", "or ", "not ", "be?\n"], 32_000)
    text = "".join(words)
    rnn = crnn.RNN(crnn.Vocab.from_text(text), hidden_size=24, seed=3)
    crnn.Trainer(rnn, text, seed=1).train(200)
    summary = codec.pack(rnn, io.BytesIO(text.encode()), io.BytesIO())
    score = bits_of_prediction(rnn, text) / 8
    assert summary.original > 100_000
    assert abs(summary.payload - score) <= 0.001 * score
    assert summary.characters == len(text)
    assert summary.bits_per_char == 8 * summary.packed / len(text)


def test_random_bytes_get_hardly_longer() -> None:
    data = np.random.default_rng(1).bytes(200_000)
    assert len(compress(model(), data)) < 1.006 * len(data)


def test_the_page_states_what_one_character_takes() -> None:
    page = (Path(__file__).parents[2] / "docs" / "howto" / "compression.md").read_text("utf-8")
    with_model, online = len(compress(model(), b"t")), len(compress(None, b"a"))
    assert f"one character takes {with_model}, and {online} with `--online`." in page


def test_the_wrong_model_and_none_and_one_too_many() -> None:
    packed = compress(model(), b"to be")
    other = bytes_model()
    ours, theirs = model().fingerprint[:16], other.fingerprint[:16]
    for rnn, data, expected in [
        (other, packed, f"packed with the model {ours}, this one is {theirs}"),
        (None, packed, f"packed with a model, {ours}: give that model"),
        (other, compress(None, b"to be"), "packed online, without a model: give none"),
    ]:
        with pytest.raises(CodecError, match=expected):
            decompress(rnn, data)


def test_a_model_that_changed_since() -> None:
    rnn = model()
    packed = compress(rnn, b"to be")
    rnn.by[0] += 1
    with pytest.raises(CodecError, match="as it was then"):
        decompress(rnn, packed)


class Meddler(io.BytesIO):
    """A stream that changes a model whenever it is read or written."""

    def __init__(self, rnn: crnn.RNN, data: bytes = b"") -> None:
        super().__init__(data)
        self.rnn = rnn

    def read(self, size: int | None = -1) -> bytes:
        self.rnn.by[:] += 1 + np.arange(len(self.rnn.by))[:, None]
        return super().read(size)

    def write(self, data: Any) -> int:
        self.rnn.by[:] = np.nan
        return super().write(data)


def test_a_model_that_changes_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "PIECE", 40)
    rnn, data = model(), b"to be, or not to be \xff" * 20
    packed, unpacked = Meddler(rnn), Meddler(rnn)
    codec.pack(rnn, Meddler(rnn, data), packed)
    assert decompress(model(), packed.getvalue()) == data
    rnn.by[:] = model().by
    codec.unpack(rnn, io.BytesIO(packed.getvalue()), unpacked)
    assert unpacked.getvalue() == data


def test_streams_that_are_none() -> None:
    wrong: Any
    for wrong, expected in [
        ("path", "is of type str, expected a binary file: open"),
        (Path("path"), r"is of type \w+Path, expected a binary file: open\(path, '[rw]b'\)"),
        (io.StringIO("text"), r"is a file of text, expected a binary one: open\(path, '[rw]b'\)"),
    ]:
        for call in (codec.pack, codec.unpack):
            with pytest.raises(TypeError, match="source " + expected):
                call(None, wrong, io.BytesIO())
            with pytest.raises(TypeError, match="target " + expected):
                call(None, io.BytesIO(), wrong)


def test_a_pipe_that_does_not_wait_is_no_end() -> None:
    packed = compress(model(), b"to be")
    out, into = os.pipe()
    os.set_blocking(out, False)
    with open(out, "rb") as source, open(into, "wb", 0) as writer:
        writer.write(packed[:300])
        for call in (codec.pack, codec.unpack):
            with pytest.raises(BlockingIOError, match="does not wait"):
                call(model(), source, io.BytesIO())


def test_what_is_no_model_and_no_bytes() -> None:
    wrong: Any = "m.safetensors"
    for call in (compress, decompress):
        with pytest.raises(TypeError, match="model is of type str, expected an RNN, or None"):
            call(wrong, b"")
        with pytest.raises(
            TypeError, match=r"is a str, expected bytes: encode it with .encode\(\)"
        ):
            call(model(), wrong)
        with pytest.raises(TypeError, match="is of type int, expected bytes"):
            call(model(), 3)  # type: ignore[arg-type]
    assert decompress(model(), bytearray(compress(model(), memoryview(b"to be")))) == b"to be"  # type: ignore[arg-type]


def test_a_model_of_nan() -> None:
    rnn = model()
    rnn.by[0] = np.nan
    with pytest.raises(ValueError, match="probabilities contain NaN, which cannot be coded"):
        compress(rnn, b"to be")


def test_nothing_is_written_before_all_is_verified() -> None:
    packed = bytearray(compress(model(), b"to be " * 100))
    packed[-1] ^= 1
    target = io.BytesIO()
    with pytest.raises(CodecError):
        codec.unpack(model(), io.BytesIO(bytes(packed)), target)
    assert target.getvalue() == b""
