"""How an RNN without a model file learns what it codes: settings, and what a header may ask for."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

from crnn import initial, seeding
from crnn.checkpoint import JSON
from crnn.codec.container import CodecError, shown
from crnn.core import Net
from crnn.descent import Optimizer
from crnn.online import Learner

__all__ = ["Learning"]

_MOST_LAGS: Final = 16
_BOUNDS: Final[dict[str, tuple[Any, Any]]] = {
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
    """How an RNN over bytes learns; it stands in the header of what it packs.

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

    Examples
    --------
    >>> Learning().hidden_size
    128
    >>> Learning.from_header({"learning": {}})
    Traceback (most recent call last):
        ...
    crnn.codec.container.CodecError: packed data has a header that does not say how its RNN learned
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
            raise CodecError(
                f"packed data has lags {shown(lags)} in its header, expected a short list"
            )
        numbers = [(name, settings[name]) for name in _BOUNDS if name != "lags"]
        for name, value in [*numbers, *(("lags", lag) for lag in lags)]:
            least, most = _BOUNDS[name]
            if type(value) is not type(least) or not least <= value <= most:
                raise CodecError(
                    f"packed data has {name} {shown(value)} in its header, expected {least} to "
                    f"{most}"
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
