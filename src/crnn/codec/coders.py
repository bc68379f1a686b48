"""Coders: pieces of bytes into payloads and back, one piece after the other.

`ModelCoder` has a model; `OnlineCoder` begins with an RNN that knows nothing and learns what it
codes. What a coder needs to be made again is in its header.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from crnn import initial, seeding
from crnn.checkpoint import CONTRACT, JSON
from crnn.codec.alphabet import READINGS, Alphabet, Reading
from crnn.codec.container import CodecError, Frame
from crnn.coding import Decoder, Encoder
from crnn.core import Net
from crnn.descent import Optimizer
from crnn.fingerprint import fingerprint
from crnn.model import RNN
from crnn.online import Learner
from crnn.slices import Slices

__all__ = ["Coder", "Learning", "ModelCoder", "OnlineCoder", "coder_for", "coder_of"]

Watch: TypeAlias = Callable[[float], None]
"""Is told how much of a piece is done, from 0 to 1, some times a second."""

_SAMPLE = 4096  # bytes by which the reading is chosen
_SHORT = 16  # digits of a fingerprint that are shown


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
    """A coder with a model, which must not change meanwhile.

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
            "model": fingerprint(self._model),
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
        while work.position < events:
            self._slices.run(work.run, events - work.position)
            watch(work.position / events)


# --- Learning meanwhile --------------------------------------------------------------------------


_MOST_LAGS = 16
_BOUNDS: dict[str, tuple[Any, Any]] = {
    "hidden_size": (1, 512),
    "window": (1, 256),
    "lags": (1, 2**24),
    "learning_rate": (0.0, 1.0),
    "clip": (0.0, 1e6),
    "beta1": (0.0, 0.9999999),
    "beta2": (0.0, 0.9999999),
    "steps": (1, 2**31 - 1),
    "final_rate": (0.0, 1.0),
    "seed": (0, 2**32 - 1),
}


@dataclass(frozen=True)
class Learning:
    """How an RNN without a model file learns; it stands in the header of what it packs.

    Attributes
    ----------
    hidden_size : int
        H, from 1 to 512.
    window : int
        T, bytes between two steps, from 1 to 256.
    lags : tuple of int
        How many bytes behind it reads the text again, once for each; at most 16, up to 2^24.
    learning_rate, clip, beta1, beta2 : float
        Of Adam; see `crnn.Settings`.
    steps : int
        In so many steps the rate falls as half a cosine, from 1 to 2^31 - 1.
    final_rate : float
        What is left of it then, from 0 to 1.
    seed : int
        Of the first weights, which are "orthogonal"; from 0 to 2^32 - 1.
    """

    hidden_size: int = 128
    window: int = 32
    lags: tuple[int, ...] = (1024, 4096, 16384, 65536, 262144)
    learning_rate: float = 0.003
    clip: float = 1.0
    beta1: float = 0.5
    beta2: float = 0.999
    steps: int = 32768
    final_rate: float = 0.2
    seed: int = 0

    @classmethod
    def from_header(cls, header: dict[str, JSON]) -> Learning:
        """Return what a header describes; no number in it is trusted.

        Raises
        ------
        CodecError
            If one is missing, of another type or out of bounds.
        """
        settings: Any = header.get("learning")
        names = {field.name for field in fields(cls)}
        if not isinstance(settings, dict) or set(settings) != names:
            raise CodecError("packed data has a header that does not say how its RNN learned")
        lags = settings["lags"]
        if not isinstance(lags, list) or len(lags) > _MOST_LAGS:
            raise CodecError(f"packed data has lags {lags!r} in its header, expected a short list")
        numbers = [(name, settings[name]) for name in _BOUNDS if name != "lags"]
        for name, value in [*numbers, *(("lags", lag) for lag in lags)]:
            least, most = _BOUNDS[name]
            if type(value) is not type(least) or not least <= value <= most:
                raise CodecError(
                    f"packed data has {name} {value!r} in its header, expected {least} to {most}"
                )
        return cls(**settings | {"lags": tuple(lags)})

    def learner(self) -> Learner:
        """Return a learner that has coded nothing."""
        net = Net(256, self.hidden_size, False)
        bits = seeding.child(seeding.seed_sequence(self.seed), seeding.WEIGHTS)
        initial.draw_weights(net, bits, "orthogonal")
        adam = Optimizer(
            "adam",
            learning_rate=self.learning_rate,
            clip=self.clip,
            beta1=self.beta1,
            beta2=self.beta2,
            schedule="cosine",
            steps=self.steps,
            final_rate=self.final_rate,
        )
        return Learner(net, self.window, self.lags, adam)


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
        while self._learner.position < length:
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
            f"packed data follows the contract {header.get('contract')!r}, this crnn computes by "
            f"{CONTRACT!r}: unpack it with the version of crnn that packed it"
        )
    if header.get("kind") == "online":
        if model is not None:
            raise CodecError("packed data was packed online, without a model: give none")
        return OnlineCoder(Learning.from_header(header))
    reading = header.get("reading")
    if header.get("kind") != "model" or reading not in READINGS:
        raise CodecError("packed data is of a kind that this crnn does not know: upgrade crnn")
    wanted = str(header.get("model"))[:_SHORT]
    if model is None:
        raise CodecError(f"packed data was packed with a model, {wanted}: give that model")
    if header.get("model") != fingerprint(model):
        raise CodecError(
            f"packed data was packed with the model {wanted}, this one is "
            f"{fingerprint(model)[:_SHORT]}: give the model that packed it, as it was then"
        )
    return ModelCoder(model, "utf-8" if reading == "utf-8" else "bytes")
