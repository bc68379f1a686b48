"""Coders: pieces of bytes into payloads and back, one piece after the other.

`ModelCoder` has a model; `OnlineCoder` begins with an RNN that knows nothing and learns what it
codes. What a coder needs to be made again is in its header.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict
from typing import NamedTuple, TypeAlias

import numpy as np

from crnn.checkpoint import CONTRACT, JSON
from crnn.codec.alphabet import READINGS, Alphabet, Reading
from crnn.codec.container import CodecError, Frame, shown
from crnn.codec.learning import Learning
from crnn.coding import Decoder, Encoder
from crnn.model import RNN
from crnn.slices import Slices

__all__ = ["Coder", "ModelCoder", "OnlineCoder", "coder_for", "coder_of"]

Watch: TypeAlias = Callable[[float], None]
"""Is told how much of a piece is done, from 0 to 1, some times a second."""

_SAMPLE = 4096  # bytes by which the reading is chosen


class Coded(NamedTuple):
    """A piece that was coded."""

    payload: bytes
    events: int
    characters: int


class Coder(ABC):
    """Codes pieces, or finds what was coded: one of both, from the first piece to the last."""

    @abstractmethod
    def header(self) -> dict[str, JSON]:
        """Return what another one needs to find what this one codes."""

    @abstractmethod
    def coded(self, data: bytes, watch: Watch) -> Coded:
        """Code the next piece."""

    @abstractmethod
    def found(self, frame: Frame, watch: Watch) -> bytes | None:
        """Return the next piece; None if the payload cannot be that of a piece."""


# --- With a model --------------------------------------------------------------------------------


class ModelCoder(Coder):
    """A coder with a model, which must not change meanwhile: give one that nobody else has.

    Parameters
    ----------
    model : RNN
    reading : {"utf-8", "bytes"}
        How bytes become its characters.

    Examples
    --------
    >>> model = RNN("abc", hidden_size=4)
    >>> coded = ModelCoder(model, "utf-8").coded(b"abcd", lambda part: None)
    >>> frame = Frame(4, coded.events, 0, coded.payload)
    >>> ModelCoder(model, "utf-8").found(frame, lambda part: None)
    b'abcd'
    """

    def __init__(self, model: RNN, reading: Reading) -> None:
        self._model = model
        self._alphabet = Alphabet(model.vocab, reading)
        self._encoder, self._decoder = Encoder(model._net), Decoder(model._net)
        self._slices = Slices(self._encoder.multiply_adds)

    def header(self) -> dict[str, JSON]:
        """Return kind, contract, type, fingerprint of the model, and how bytes are read."""
        return {
            "kind": "model",
            "contract": CONTRACT,
            "dtype": self._model.dtype.name,
            "model": self._model.fingerprint,
            "reading": self._alphabet.reading,
        }

    def coded(self, data: bytes, watch: Watch) -> Coded:
        """Code the next piece."""
        events, characters = self._alphabet.events(data)
        self._encoder.begin(events)
        self._run(self._encoder, len(events), watch)
        return Coded(self._encoder.end(), len(events), characters)

    def found(self, frame: Frame, watch: Watch) -> bytes | None:
        """Return the next piece; None if the payload cannot be that of a piece."""
        events = np.empty(frame.events, np.int32)
        self._decoder.begin(frame.payload, events)
        self._run(self._decoder, len(events), watch)
        try:
            return self._alphabet.data(events) if self._decoder.end() else None
        except UnicodeEncodeError:
            return None

    def _run(self, work: Encoder | Decoder, events: int, watch: Watch) -> None:
        while not work.is_over:
            self._slices.run(work.run, events - work.position)
            watch(work.position / events)


# --- Learning meanwhile --------------------------------------------------------------------------


class OnlineCoder(Coder):
    """A coder whose RNN learns the bytes that it codes.

    Examples
    --------
    >>> coded = OnlineCoder(Learning()).coded(b"abracadabra" * 9, lambda part: None)
    >>> frame = Frame(99, 99, 0, coded.payload)
    >>> OnlineCoder(Learning()).found(frame, lambda part: None) == b"abracadabra" * 9
    True
    """

    def __init__(self, learning: Learning) -> None:
        self._learning = learning
        self._learner = learning.learner()
        self._slices = Slices(self._learner.multiply_adds)

    def header(self) -> dict[str, JSON]:
        """Return kind, contract, and how it learns."""
        learning = asdict(self._learning) | {"lags": list(self._learning.lags)}
        return {"kind": "online", "contract": CONTRACT, "learning": learning}

    def coded(self, data: bytes, watch: Watch) -> Coded:
        """Code the next piece."""
        self._learner.begin_packing(data)
        self._run(len(data), watch)
        return Coded(self._learner.packed(), len(data), len(data))

    def found(self, frame: Frame, watch: Watch) -> bytes | None:
        """Return the next piece; None if the payload cannot be that of a piece."""
        self._learner.begin_unpacking(frame.payload, frame.length)
        self._run(frame.length, watch)
        return self._learner.unpacked()

    def _run(self, length: int, watch: Watch) -> None:
        while not self._learner.is_over:
            self._slices.run(self._learner.run, length - self._learner.position)
            watch(self._learner.position / length)


# --- Which one -----------------------------------------------------------------------------------


def coder_for(model: RNN | None, first: bytes) -> Coder:
    """Return a coder for what begins with the piece `first`.

    With a model it reads bytes in the way by which a sample gets shorter; most often both are the
    same.

    Examples
    --------
    >>> coder_for(None, b"").header()["kind"]
    'online'
    """
    if model is None:
        return OnlineCoder(Learning())
    sample = first[:_SAMPLE]
    if sample.isascii():
        return ModelCoder(model, "utf-8")

    def packed_size(reading: Reading) -> int:
        return len(ModelCoder(model, reading).coded(sample, lambda part: None).payload)

    return ModelCoder(model, min(READINGS, key=packed_size))


def coder_of(model: RNN | None, header: dict[str, JSON]) -> Coder:
    """Return a coder that finds what one with this header coded.

    Raises
    ------
    CodecError
        If it was another model, another contract, or a kind that this version does not know.
    """
    if header.get("contract") != CONTRACT:
        raise CodecError(
            f"packed data follows the contract {shown(header.get('contract'))}, this crnn "
            f"computes by {CONTRACT!r}: unpack it with the version of crnn that packed it"
        )
    coder: Coder
    if header.get("kind") == "online":
        if model is not None:
            raise CodecError("packed data was packed online, without a model: give none")
        coder = OnlineCoder(Learning.from_header(header))
    else:
        coder = _model_coder_of(model, header)
    if coder.header() != header:
        raise _unknown()
    return coder


def _model_coder_of(model: RNN | None, header: dict[str, JSON]) -> ModelCoder:
    """Return a coder with a model, if a header asks for that one."""
    ways = [reading for reading in READINGS if reading == header.get("reading")]
    if header.get("kind") != "model" or not ways:
        raise _unknown()
    wanted = shown(header.get("model"))
    if model is None:
        raise CodecError(f"packed data was packed with a model, {wanted}: give that model")
    if header.get("model") != (ours := model.fingerprint):
        raise CodecError(
            f"packed data was packed with the model {wanted}, this one is {shown(ours)}: give the "
            "model that packed it, as it was then"
        )
    return ModelCoder(model, ways[0])


def _unknown() -> CodecError:
    return CodecError("packed data is of a kind that this crnn does not know: upgrade crnn")
