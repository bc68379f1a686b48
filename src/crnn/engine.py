"""The engine of a training: the compiled loop over a text, and all of its state as arrays.

It owns what changes from window to window: parameters, what the optimizer remembers, hidden states,
and the streams of random bits. When to train, report or stop, `crnn.trainer` decides.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn import arguments, core, seeding
from crnn.descent import Optimizer
from crnn.material import Material
from crnn.model import RNN, views
from crnn.record import Record
from crnn.sampling.plain import draw
from crnn.settings import Settings
from crnn.training import Training, useful_threads

__all__ = ["UNKNOWN", "Engine", "Tensors"]

Tensors: TypeAlias = dict[str, npt.NDArray[Any]]

UNKNOWN: Final = 2**62
"""Windows of a training whose number the clock has yet to say."""

_RULE: Final = (
    "learning_rate", "clip", "clip_norm", "weight_decay", "momentum", "decay_rate", "beta1",
    "beta2", "schedule", "warmup", "decay_every", "decay_factor", "final_rate", "decay_fraction",
    "frozen",
)  # fmt: skip


class Engine:
    """A training on a material, from its first window on.

    Parameters
    ----------
    model : RNN
        Trained in place.
    material : Material
        What it reads.
    settings : Settings
        How.
    total : int or None
        Windows in all, for schedules that need to know.
    seed : numpy.random.SeedSequence
        Of the samples and of the units that are left out.

    Attributes
    ----------
    core : Training
        The loop.
    sampler, dropout : numpy.random.PCG64
        Streams of the samples and of the units that are left out.
    """

    def __init__(
        self,
        model: RNN,
        material: Material,
        settings: Settings,
        total: int | None,
        seed: np.random.SeedSequence,
    ) -> None:
        self._model = model
        self.sampler = seeding.child(seed, seeding.TRAINING_SAMPLES)
        self.dropout = seeding.child(seed, seeding.DROPOUT)
        self.core = _training(model, material, settings, total, self.dropout)

    def end_at(self, total: int | None) -> None:
        """Tell the schedule how many windows there will be; None: nobody knows yet."""
        self.core.optimizer.steps = UNKNOWN if total is None else total

    def drawn(self, length: int, stopped: Callable[[], bool]) -> tuple[str, np.random.PCG64] | None:
        """Return a sample from the first stream's state, and the sampler as it is after that.

        None if `stopped` says yes before its end.
        """
        sampler = copy.deepcopy(self.sampler)
        ixes = arguments.room_for("sample_length", length)
        x = np.array([self.core.next_input()], np.int32)
        pieces: list[str] = []
        for piece in draw(self.core.state(), ixes, 1.0, sampler, x):
            if stopped():
                return None
            pieces.append(self._model.vocab.decode(piece))
        return "".join(pieces), sampler

    def tensors(self) -> Tensors:
        """Return copies of the parameters, what the optimizer remembers, and the states.

        What it remembers has the names of the parameters after an m, for Adam's second memory after
        a v; ``hprev`` are the states before the next window, one column (of H) a stream.
        """
        arrays = {name: array.copy() for name, array in self._live().items()}
        return {**arrays, "hprev": self._hprev()}

    def restore(self, tensors: Tensors, record: Record, *, at_the_beginning: bool = False) -> None:
        """Take over the state of another engine with the same model, material and settings.

        Parameters
        ----------
        tensors : dict of str to array
            As `tensors` gave them.
        record : Record
            What else it was.
        at_the_beginning : bool
            Begin with the first windows of all streams.

        Raises
        ------
        KeyError, ValueError
            If something is missing or does not fit.
        """
        if at_the_beginning:
            record = replace(record, positions=self.core.positions)
        self.check(tensors, record)
        for name, view in self._live().items():
            view[...] = _like(view, name, tensors)
        states = []
        for h in _like(self._hprev(), "hprev", tensors).T:
            states.append(core.State(self._model._net))
            states[-1].set(np.ascontiguousarray(h))
        self.core.restore(record.step, record.positions, record.smooth_loss, states)
        self.core.optimizer.rate = record.rate
        self.core.optimizer.running = record.running
        self.core.optimizer.lowering = record.progress.lowering
        self.sampler = copy.deepcopy(record.sampler)
        self.dropout.state = record.dropout.state

    def check(self, tensors: Tensors, record: Record) -> None:
        """Make sure that a state fits this engine, before anything is taken over.

        Raises
        ------
        KeyError, ValueError
            If something is missing or does not fit.
        """
        for name, view in self._live().items():
            _like(view, name, tensors)
        _like(self._hprev(), "hprev", tensors)
        self.core.check_place(record.step, record.positions)
        size, dtype = self._model.hidden_size, self._model.dtype.name
        settings = record.settings
        if (settings.hidden_size, settings.dtype) != (size, dtype):
            raise ValueError(
                f"settings say hidden_size {settings.hidden_size} and {settings.dtype}, the "
                f"parameters have {size} and {dtype}"
            )
        if not settings.optimizer.startswith("adam") and record.running[1:] != (1, 1):
            raise ValueError(
                f"settings say {settings.optimizer}, the powers {record.running[1:]} are of Adam"
            )

    def memories(self) -> Tensors:
        """Return views of what the optimizer remembers, in the shapes of the parameters."""
        return {
            letter + name: view
            for letter, memory in zip("mv", self.core.optimizer.memories, strict=False)
            for name, view in views(self._model._net, memory, self._model.dtype).items()
        }

    def _live(self) -> Tensors:
        """Return views of all that a step changes in place."""
        return {**self._model._tensors(), **self.memories()}

    def _hprev(self) -> npt.NDArray[Any]:
        streams = len(self.core.positions)
        states = np.empty((streams, self._model.hidden_size), self._model.dtype)
        for stream, h in enumerate(states):
            self.core.state(stream).get(h)
        return np.ascontiguousarray(states.T)


def _training(
    model: RNN,
    material: Material,
    settings: Settings,
    total: int | None,
    dropout: np.random.PCG64,
) -> Training:
    """Return the training loop for a material."""
    V, processors = len(model.vocab), _processors()
    T, B = settings.seq_length, settings.batch_size
    threads = useful_threads(V, model.hidden_size, T, B, settings.threads, processors)
    optimizer = _optimizer(settings, total)
    try:
        return Training(
            model._net, material.text, T, B, optimizer, settings.dropout, dropout, threads,
            processors,
        )  # fmt: skip
    except MemoryError as error:
        raise MemoryError(
            f"hidden_size is {settings.hidden_size:,}, seq_length {settings.seq_length:,} and "
            f"batch_size {settings.batch_size:,}: to train so {error}; choose smaller ones"
        ) from None


def _optimizer(settings: Settings, total: int | None) -> Optimizer:
    chosen = {name: getattr(settings, name) for name in _RULE}
    return Optimizer(settings.optimizer, steps=UNKNOWN if total is None else total, **chosen)


def _processors() -> int:
    """Return how many threads this process can run at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _like(wanted: npt.NDArray[Any], name: str, tensors: Tensors) -> npt.NDArray[Any]:
    """Return a tensor of a file, checked to have the type and shape of `wanted`."""
    tensor = tensors[name]
    if tensor.shape != wanted.shape or tensor.dtype != wanted.dtype:
        raise ValueError(
            f"{name} is {tensor.dtype} of shape {tensor.shape}, expected {wanted.dtype} of shape "
            f"{wanted.shape}"
        )
    return tensor
