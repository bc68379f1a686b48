"""The record of a training: what the header of a checkpoint says of it, checked when it is read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from crnn import arguments, probe, seeding
from crnn.checkpoint import JSON
from crnn.descent import product
from crnn.settings import Settings

__all__ = ["Progress", "Record", "read_record"]


@dataclass(frozen=True)
class Progress:
    """What the validations of a training have come to.

    Attributes
    ----------
    best_loss : float
        Nats per character of the best validation; infinity before the first.
    best_step : int
        After how many windows that was.
    last_step : int
        After how many windows the last one was; -1 before the first.
    worse, since_drop : int
        How many in a row were no better than the best, and how many of these since the rate was
        last lowered for it.
    lowering : float
        What the learning rate is multiplied by for that, and for having gone back.
    """

    best_loss: float = math.inf
    best_step: int = 0
    last_step: int = -1
    worse: int = 0
    since_drop: int = 0
    lowering: float = 1.0

    def after(self, loss: float, step: int, plateau: int, factor: float) -> Progress:
        """Return what it is after one more validation; a NaN is never better.

        Parameters
        ----------
        loss, step : float, int
            Of that validation.
        plateau, factor : int, float
            After so many no better ones the rate is multiplied by this; 0: never.

        Examples
        --------
        >>> progress = Progress().after(2.5, 1000, 2, 0.5).after(2.6, 2000, 2, 0.5)
        >>> progress.worse, progress.lowering, progress.after(2.7, 3000, 2, 0.5).lowering
        (1, 1.0, 0.5)
        """
        if loss < self.best_loss:
            return replace(
                self, best_loss=loss, best_step=step, last_step=step, worse=0, since_drop=0
            )
        worse = replace(self, last_step=step, worse=self.worse + 1, since_drop=self.since_drop + 1)
        return worse.lowered(factor) if worse.since_drop == plateau else worse

    def lowered(self, factor: float) -> Progress:
        """Return it with a lower learning rate."""
        return replace(self, since_drop=0, lowering=product(self.lowering, factor))


@dataclass(frozen=True)
class Record:
    """What the header of a checkpoint says of a training.

    Attributes
    ----------
    settings : Settings
        What it is made with.
    seed : numpy.random.SeedSequence
        Of its samples and of the units that it leaves out.
    sampler, dropout : numpy.random.PCG64
        Where the streams of both stand.
    step : int
        Windows trained.
    positions : list of int
        Where in its part of the text each stream's next window begins.
    smooth_loss : float
        Nats per window.
    rate : float
        Learning rate of the last window: a validation may come next and say it.
    running : tuple of float
        What step decays and the like made of the rate; Adam's beta1 and beta2 to the power of its
        steps, 1 under other optimizers.
    total : int or None
        How many windows there will be; None if the clock will say.
    progress : Progress
        Of its validations.
    material : dict
        Lengths and fingerprints of its texts.
    """

    settings: Settings
    seed: np.random.SeedSequence
    sampler: np.random.PCG64
    dropout: np.random.PCG64
    step: int
    positions: list[int]
    smooth_loss: float
    rate: float
    running: tuple[float, float, float]
    total: int | None
    progress: Progress = field(default_factory=Progress)
    material: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, JSON]:
        """Return it as a header holds it; floats in hexadecimal, exactly."""
        progress = self.progress
        return {
            "settings": _without_threads(self.settings.to_dict()),
            "seed": seeding.seed_to_json(self.seed),
            "sampler": seeding.pcg64_to_json(self.sampler),
            "dropout": seeding.pcg64_to_json(self.dropout),
            "step": self.step,
            "positions": list(self.positions),
            "smooth_loss": self.smooth_loss.hex(),
            "rate": self.rate.hex(),
            "running": [number.hex() for number in self.running],
            "total": self.total,
            "progress": {
                "best_loss": progress.best_loss.hex(),
                "best_step": progress.best_step,
                "last_step": progress.last_step,
                "worse": progress.worse,
                "since_drop": progress.since_drop,
                "lowering": progress.lowering.hex(),
            },
            "material": dict(self.material),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Record:
        """Return what `to_json` gave.

        Raises
        ------
        KeyError, TypeError, ValueError
            If something is missing, or is not what `to_json` gives.
        """
        for name in ("settings", "progress", "material"):
            if not isinstance(record[name], dict):
                raise TypeError(f"{name} is {record[name]!r}, expected a dict")
        progress, total = record["progress"], record["total"]
        return cls(
            settings=Settings.from_dict(record["settings"]),
            seed=seeding.seed_from_json(record["seed"]),
            sampler=seeding.pcg64_from_json(record["sampler"]),
            dropout=seeding.pcg64_from_json(record["dropout"]),
            step=_count("step", record["step"]),
            positions=[_count("positions", position) for position in record["positions"]],
            smooth_loss=float.fromhex(str(record["smooth_loss"])),
            rate=float.fromhex(str(record["rate"])),
            running=_running(record["running"]),
            total=None if total is None else _count("total", total),
            progress=Progress(
                best_loss=float.fromhex(str(progress["best_loss"])),
                best_step=_count("best_step", progress["best_step"]),
                last_step=arguments.integer("last_step", progress["last_step"], least=-1),
                worse=_count("worse", progress["worse"]),
                since_drop=_count("since_drop", progress["since_drop"]),
                lowering=_part("lowering", progress["lowering"]),
            ),
            material=record["material"],
        )

    def check_material(self, given: Mapping[str, Any]) -> None:
        """Raise a ValueError if texts are not those that were trained on."""
        for name, words in (("text", "text"), ("validation", "validation text")):
            if given[name] != self.material.get(name):
                raise ValueError(
                    f"the {words} given {_described(given[name])}, that of the checkpoint "
                    f"{_described(self.material.get(name))}: give the same one to resume, or "
                    "allow new data (new_data=True, --new-data)"
                )


def read_record(header: Mapping[str, Any]) -> Record | None:
    """Return what the header of a checkpoint says of a training; None if it is of a model alone.

    Raises
    ------
    KeyError, TypeError, ValueError
        If something is missing, or is not what `Trainer.save` writes.
    """
    record = header.get("training")
    if record is None:
        return None
    if not isinstance(record, dict):
        raise TypeError(f"training is {record!r}, expected a dict")
    with probe.Mode():
        return Record.from_json(record)


def _described(text: Any) -> str:
    """Return a fingerprint in words."""
    if not isinstance(text, dict):
        return "is none"
    documents = f" in {text['documents']:,} documents" if "documents" in text else ""
    return (
        f"has length {text.get('characters'):,}{documents} and fingerprint "
        f"{str(text.get('sha256'))[:16]}"
    )


def _without_threads(settings: dict[str, JSON]) -> dict[str, JSON]:
    """Return settings as a file has them: any number of threads gives the same file."""
    return {name: value for name, value in settings.items() if name != "threads"}


def _count(name: str, value: Any) -> int:
    return arguments.integer(name, value, least=0)


def _running(values: Any) -> tuple[float, float, float]:
    """Return what a header says of the running numbers, checked to be three."""
    if not isinstance(values, list) or len(values) != 3:
        raise TypeError(f"running is {values!r}, expected three numbers from 0 to 1")
    scale, power1, power2 = (_part("running", value) for value in values)
    return scale, power1, power2


def _part(name: str, value: Any) -> float:
    """Return a number of a header, checked to be from 0 to 1."""
    number = float.fromhex(str(value))
    if not 0 <= number <= 1:
        raise ValueError(f"{name} is {value!r}, expected a number from 0 to 1")
    return number
