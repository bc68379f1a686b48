"""The trainer: the reference's main loop over a text, with reports, samples and exact resuming.

The windows themselves run in `crnn.training`, without the GIL, in slices of about 20 ms: between
them reports are made and a request to stop is seen. Slices never change a result. Nothing is
printed here.
"""

from __future__ import annotations

import copy
import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn import arguments, checkpoint, core, seeding
from crnn.checkpoint import JSON, CheckpointError
from crnn.model import RNN, described_by, draw, views
from crnn.settings import Settings
from crnn.slices import Slices
from crnn.training import Training, bits_per_char, useful_threads

__all__ = ["Record", "Report", "Trainer", "read_record"]

Callback: TypeAlias = Callable[["Report"], bool | None]


@dataclass(frozen=True)
class Report:
    """Where a training is, right after one of its windows.

    Attributes
    ----------
    iteration : int
        Number of that window, from 0: the reference's `n`.
    smooth_loss : float
        Nats per window: 0.999 of it and 0.001 of each window's loss.
    bits_per_char : float
        The same in bits per character.
    sample : str or None
        What the model wrote just before that window was trained, if a sample was due.
    """

    iteration: int
    smooth_loss: float
    bits_per_char: float
    sample: str | None


@dataclass(frozen=True)
class Record:
    """What the header of a checkpoint says of a training.

    Attributes
    ----------
    settings : Settings
        What it is made with.
    seed : numpy.random.SeedSequence
        Of its samples.
    sampler : numpy.random.PCG64
        Where the stream of its samples stands.
    step, position : int
        Windows trained; where in the text the next one begins.
    smooth_loss : float
        Nats per window.
    decays : tuple of float
        Adam's beta1 and beta2 to the power of its steps; 1 under Adagrad.
    characters, sha256 : int, str
        Length and fingerprint of its text.
    """

    settings: Settings
    seed: np.random.SeedSequence
    sampler: np.random.PCG64
    step: int
    position: int
    smooth_loss: float
    decays: tuple[float, ...]
    characters: int
    sha256: str

    def check_text(self, indices: npt.NDArray[np.int32]) -> None:
        """Raise a ValueError if a text is not the one that was trained on."""
        given: Any = _fingerprint(indices)
        if (given["characters"], given["sha256"]) != (self.characters, self.sha256):
            raise ValueError(
                f"text has length {given['characters']:,} and fingerprint {given['sha256'][:16]}, "
                f"the checkpoint was trained on {self.characters:,} with {self.sha256[:16]}: "
                "give the same text to resume"
            )


@dataclass(frozen=True)
class _Pending:
    """A window for which something is due, from before it is trained until all is taken in."""

    iteration: int
    sample: str | None
    sampler: np.random.PCG64  # as it is after the sample
    listed: bool


class Trainer:
    """Trains a model in place: windows left to right through a text, BPTT, clipping, an optimizer.

    The hidden state is carried from window to window and reset to zero where the text begins
    again. Several streams go through as many parts of the text at once.

    Parameters
    ----------
    model : RNN
        Trained in place.
    text : str or numpy.ndarray
        The text, of at least ``seq_length + 2`` characters of the model's vocabulary, or their
        indices as an array of an integer type.
    seq_length : int
        T, steps of a window.
    batch_size : int
        B, parallel streams: the text is cut into so many contiguous parts of one length (what is
        left over is not read), and each has a hidden state of its own. Loss and gradients are
        means over the streams.
    optimizer : str
        "adagrad" (the reference's) or "adam" (Kingma and Ba 2015, with beta1 0.9, beta2 0.999,
        epsilon 1e-8).
    learning_rate : float
        Step size of the optimizer: 0.1 suits Adagrad, Adam wants about 0.002.
    clip : float
        Every element of a gradient is clipped to plus or minus this; inf does not clip.
    threads : int
        Most threads at work. Any number gives the same result; where more would be slower (small
        windows, one stream, fewer processors), fewer work by themselves.
    seed : None, int, sequence of int, SeedSequence, PCG64 or Generator over it
        Of the samples shown while training.
    report_every : int
        A report every so many windows; a row in `history` each.
    sample_every : int
        A sample every so many windows; 0: never.
    sample_length : int
        Characters of a sample.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong kind or out of range, the text is too short or has
        characters the vocabulary lacks.

    Examples
    --------
    >>> import crnn
    >>> text = "to be or not to be, that is the question. " * 20
    >>> model = crnn.RNN(crnn.Vocab.from_text(text), hidden_size=32, seed=1)
    >>> trainer = crnn.Trainer(model, text)
    >>> before = trainer.smooth_loss
    >>> trainer.train(steps=2000)
    >>> trainer.step, trainer.smooth_loss < before / 2
    (2000, True)

    Four parts of the text at once, under Adam:

    >>> several = crnn.Trainer(model, text, batch_size=4, optimizer="adam", learning_rate=0.002)
    >>> several.train(steps=100)
    """

    def __init__(
        self,
        model: RNN,
        text: str | npt.NDArray[np.integer[Any]],
        *,
        seq_length: int = Settings.seq_length,
        batch_size: int = Settings.batch_size,
        optimizer: str = Settings.optimizer,
        learning_rate: float = Settings.learning_rate,
        clip: float = Settings.clip,
        threads: int = Settings.threads,
        seed: seeding.Seed = 0,
        report_every: int = Settings.report_every,
        sample_every: int = Settings.sample_every,
        sample_length: int = Settings.sample_length,
    ) -> None:
        if not isinstance(model, RNN):
            raise TypeError(f"model is of type {type(model).__name__}, expected an RNN")
        settings = Settings(
            hidden_size=model.hidden_size,
            dtype=model.dtype.name,
            seq_length=seq_length,
            batch_size=batch_size,
            optimizer=optimizer,
            learning_rate=learning_rate,
            clip=clip,
            threads=threads,
            report_every=report_every,
            sample_every=sample_every,
            sample_length=sample_length,
        )
        self._begin(model, text, settings, seed)

    @classmethod
    def from_settings(
        cls,
        model: RNN,
        text: str | npt.NDArray[np.integer[Any]],
        settings: Settings,
        seed: seeding.Seed = 0,
    ) -> Self:
        """Return a trainer with the numbers of `settings` in place of keywords."""
        trainer = cls.__new__(cls)
        trainer._begin(model, text, settings, seed)
        return trainer

    def _begin(
        self,
        model: RNN,
        text: str | npt.NDArray[np.integer[Any]],
        settings: Settings,
        seed: seeding.Seed,
    ) -> None:
        self.model = model
        self.settings = settings
        self.seed = seeding.seed_sequence(seed)
        self._sampler = seeding.child(self.seed, seeding.TRAINING_SAMPLES)
        indices = _indices(model, text, settings)
        self._text_record = _fingerprint(indices)
        processors = _processors()
        try:
            self._core = Training(
                model._net,
                indices,
                settings.seq_length,
                settings.batch_size,
                settings.optimizer,
                settings.learning_rate,
                settings.clip,
                useful_threads(
                    len(model.vocab),
                    model.hidden_size,
                    settings.seq_length,
                    settings.batch_size,
                    settings.threads,
                    processors,
                ),
                processors,
            )
        except MemoryError as error:
            raise MemoryError(
                f"hidden_size is {settings.hidden_size:,}, seq_length {settings.seq_length:,} and "
                f"batch_size {settings.batch_size:,}: to train so {error}; choose smaller ones"
            ) from None
        self._rows: list[tuple[int, float]] = []
        self._pending: _Pending | None = None
        self._slices = Slices()
        self._stopping = False
        self._mine = threading.RLock()

    @property
    def step(self) -> int:
        """Windows trained so far, over resumes."""
        return self._core.step

    @property
    def smooth_loss(self) -> float:
        """Nats per window: 0.999 of it and 0.001 of each window's loss; at first T ln V."""
        return self._core.smooth_loss

    @property
    def bits_per_char(self) -> float:
        """The smooth loss in bits per character."""
        return bits_per_char(self.smooth_loss, self.settings.seq_length)

    @property
    def history(self) -> npt.NDArray[np.void]:
        """One row a report: `iteration` (int64) and `smooth_loss` (float64, nats per window)."""
        return np.array(self._rows, [("iteration", np.int64), ("smooth_loss", np.float64)])

    def train(self, steps: int = 1000, callback: Callback | None = None) -> None:
        """Train `steps` more windows.

        Parameters
        ----------
        steps : int
            How many.
        callback : callable, optional
            Called with a `Report` after every window for which a report or a sample is due; if
            it returns True, training stops. Its exceptions reach the caller; the trainer can go
            on afterwards, as after a KeyboardInterrupt.

        Raises
        ------
        RuntimeError
            If another thread is using this trainer.
        """
        end = self.step + arguments.integer("steps", steps, least=0)
        if callback is not None and not callable(callback):
            raise TypeError(f"callback is {callback!r}, expected a function of a Report")
        with self._alone():
            try:
                self._train_to(end, callback)
            finally:
                self._stopping = False

    def _train_to(self, end: int, callback: Callback | None) -> None:
        while self.step < end and not self._stopping:
            if self._report_is_due() or self._sample_is_due() or self._pending is not None:
                report = self._reported_window()
                if callback is not None and callback(report) is True:
                    return
            else:
                self._slices.run(self._core.run, min(end, self._next_due()) - self.step)

    def stop(self) -> None:
        """Ask `train` to return after its present slice, from any thread or signal handler.

        If none is running, the next one returns at once.
        """
        self._stopping = True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads out; the same thread may come again, from a callback."""
        if not self._mine.acquire(blocking=False):
            raise RuntimeError("another thread is using this trainer: wait for it, or stop() it")
        try:
            yield
        finally:
            self._mine.release()

    def _report_is_due(self) -> bool:
        return self.step % self.settings.report_every == 0

    def _sample_is_due(self) -> bool:
        every = self.settings.sample_every
        return every > 0 and self.step % every == 0

    def _next_due(self) -> int:
        """Return the next step for which a report or a sample is due."""
        periods = [self.settings.report_every, self.settings.sample_every]
        return min((self.step // every + 1) * every for every in periods if every > 0)

    def _reported_window(self) -> Report:
        """Sample if that is due, train one window, and say where the training is.

        An exception (a KeyboardInterrupt can come anywhere) leaves what was done in `_pending`;
        the next call, or a save, goes on from there. So nothing is drawn or listed twice.
        """
        if self._pending is None:
            self._pending = self._prepared()
        if self._pending.iteration == self.step:
            self._core.run(1)
        return self._settled(self._pending)

    def _prepared(self) -> _Pending:
        """Draw the sample, if one is due, from a copy of the sampler."""
        sampler, sample = copy.deepcopy(self._sampler), None
        if self._sample_is_due():
            ixes = arguments.room_for("sample_length", self.settings.sample_length)
            x = np.array([self._core.next_input()], np.int32)
            pieces = draw(self._core.state(), ixes, 1.0, sampler, x)
            sample = "".join(map(self.model.vocab.decode, pieces))
        return _Pending(self.step, sample, sampler, self._report_is_due())

    def _settled(self, pending: _Pending) -> Report:
        """Take in what belongs to a window that has been trained."""
        report = Report(pending.iteration, self.smooth_loss, self.bits_per_char, pending.sample)
        row = (report.iteration, report.smooth_loss)
        if pending.listed and self._rows[-1:] != [row]:
            self._rows.append(row)
        self._sampler = pending.sampler
        self._pending = None
        return report

    def save(self, path: str | os.PathLike[str], *, keep: bool = False) -> None:
        """Write a checkpoint: the model's file with everything needed to go on exactly.

        Parameters
        ----------
        path : str or path-like
            The file; `crnn.load` reads it as a model.
        keep : bool
            Keep a file that is there as ``path + ".bak"``.

        Raises
        ------
        OSError
            If it cannot be written; a file that was there is still there, whole.
        RuntimeError
            If another thread is training with this trainer.
        """
        with self._alone():
            if self._pending is not None and self._pending.iteration < self.step:
                self._settled(self._pending)
            checkpoint.write(path, *self._contents(), keep=keep)

    def _contents(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, JSON]]:
        """Return the tensors and the header of a checkpoint."""
        history = self.history
        tensors: dict[str, npt.NDArray[Any]] = {
            **self.model._tensors(),
            **self._memories(),
            "hprev": self._hprev(),
            "history_iteration": history["iteration"],
            "history_smooth_loss": history["smooth_loss"],
        }
        record: dict[str, JSON] = {
            "settings": self.settings.to_dict(),
            "seed": seeding.seed_to_json(self.seed),
            "sampler": seeding.pcg64_to_json(self._sampler),
            "step": self.step,
            "position": self._core.position,
            "smooth_loss": self.smooth_loss.hex(),
            "decays": [decay.hex() for decay in self._core.decays],
            "text": self._text_record,
        }
        return tensors, {**self.model._header(), "training": record}

    @classmethod
    def resume(
        cls,
        path: str | os.PathLike[str],
        text: str | npt.NDArray[np.integer[Any]],
        *,
        threads: int | None = None,
    ) -> Self:
        """Return a trainer that goes on exactly where the one that saved `path` was.

        Parameters
        ----------
        path : str or path-like
            A file of `Trainer.save`.
        text : str or numpy.ndarray
            The text it was trained on: it is not in the file.
        threads : int, optional
            Most threads at work from now on; by default as before.

        Raises
        ------
        OSError
            If the file cannot be read.
        CheckpointError
            If it is damaged, or holds a model without a training (a ValueError).
        ValueError
            If the text is another one.

        Examples
        --------
        >>> import tempfile, pathlib, crnn
        >>> text = "to be or not to be, that is the question. " * 20
        >>> model = crnn.RNN(crnn.Vocab.from_text(text), hidden_size=8)
        >>> trainer = crnn.Trainer(model, text)
        >>> trainer.train(steps=10)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "m.safetensors"
        ...     trainer.save(path)
        ...     crnn.Trainer.resume(path, text).step
        10
        """
        tensors, header = checkpoint.read(path)
        with described_by(path, "a training"):
            record = read_record(header)
        if record is None:
            raise CheckpointError(
                f"checkpoint {os.fspath(path)!r} holds a model but no training to go on with: "
                "load it with crnn.load and make a Trainer"
            )
        with described_by(path, "a model"):
            model = RNN._restored(tensors, header)
        indices = _indices(model, text, record.settings)
        record.check_text(indices)
        settings = record.settings
        if threads is not None:
            settings = replace(settings, threads=threads)
        with described_by(path, "a training"):
            trainer = cls.from_settings(model, indices, settings, record.seed)
            trainer._restore(tensors, record)
        return trainer

    def _restore(self, tensors: dict[str, npt.NDArray[Any]], record: Record) -> None:
        """Take over the state of another trainer with the same model, text and settings."""
        size, dtype = self.model.hidden_size, self.model.dtype.name
        if (record.settings.hidden_size, record.settings.dtype) != (size, dtype):
            raise ValueError(
                f"settings say hidden_size {record.settings.hidden_size} and "
                f"{record.settings.dtype}, the parameters have {size} and {dtype}"
            )
        if record.settings.optimizer == "adagrad" and record.decays != (1, 1):
            raise ValueError(f"settings say adagrad, decays {record.decays} are of Adam")
        for name, view in self._memories().items():
            view[...] = _like(view, name, tensors)
        states = []
        for h in _like(self._hprev(), "hprev", tensors).T:
            states.append(core.State(self.model._net))
            states[-1].set(np.ascontiguousarray(h))
        self._core.restore(record.step, record.position, record.smooth_loss, states, record.decays)
        self._sampler = record.sampler
        rows = zip(tensors["history_iteration"], tensors["history_smooth_loss"], strict=True)
        self._rows = [(int(iteration), float(loss)) for iteration, loss in rows]

    def _memories(self) -> dict[str, npt.NDArray[Any]]:
        """Return views of what the optimizer remembers, in the shapes of the parameters.

        Their names are those of the parameters after an m, for Adam's second one after a v.
        """
        return {
            letter + name: view
            for letter, memory in zip("mv", self._core.memories, strict=False)
            for name, view in views(self.model._net, memory, self.model.dtype).items()
        }

    def _hprev(self) -> npt.NDArray[Any]:
        """Return the states before the next window, one column (of H) a stream."""
        size, streams = self.model.hidden_size, self.settings.batch_size
        states = np.empty((streams, size), self.model.dtype)
        for stream, h in enumerate(states):
            self._core.state(stream).get(h)
        return np.ascontiguousarray(states.T)


def _processors() -> int:
    """Return how many threads this process can run at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _indices(
    model: RNN, text: str | npt.NDArray[np.integer[Any]], settings: Settings
) -> npt.NDArray[np.int32]:
    """Return a text as indices, checked to be long enough for a window of every stream."""
    if isinstance(text, str):
        indices = model.vocab.encode(text)
    else:
        indices = arguments.indices("text", text, len(model.vocab))
    T, B = settings.seq_length, settings.batch_size
    if len(indices) < (T + 2) * B:
        streams, smaller = ("", "") if B == 1 else (f" in {B:,} streams", " or batch_size")
        raise ValueError(
            f"the text's length is {len(indices):,}, a seq_length of {T:,}{streams} needs at least "
            f"{(T + 2) * B:,}: give more text or a smaller seq_length{smaller}"
        )
    return indices


def _fingerprint(indices: npt.NDArray[np.int32]) -> dict[str, JSON]:
    """Return what a checkpoint remembers of a text."""
    digest = hashlib.sha256(indices.astype("<i4").tobytes()).hexdigest()
    return {"characters": len(indices), "sha256": digest}


def _like(
    wanted: npt.NDArray[Any], name: str, tensors: dict[str, npt.NDArray[Any]]
) -> npt.NDArray[Any]:
    """Return a tensor of a file, checked to have the type and shape of `wanted`."""
    tensor = tensors[name]
    if tensor.shape != wanted.shape or tensor.dtype != wanted.dtype:
        raise ValueError(
            f"{name} is {tensor.dtype} of shape {tensor.shape}, expected {wanted.dtype} of shape "
            f"{wanted.shape}"
        )
    return tensor


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
    if not isinstance(record["settings"], dict):
        raise TypeError(f"settings is {record['settings']!r}, expected a dict")
    return Record(
        settings=Settings.from_dict(record["settings"]),
        seed=seeding.seed_from_json(record["seed"]),
        sampler=seeding.pcg64_from_json(record["sampler"]),
        step=arguments.integer("step", record["step"], least=0),
        position=arguments.integer("position", record["position"], least=0),
        smooth_loss=float.fromhex(str(record["smooth_loss"])),
        decays=_decays(record["decays"]),
        characters=arguments.integer("characters", record["text"]["characters"], least=0),
        sha256=str(record["text"]["sha256"]),
    )


def _decays(values: Any) -> tuple[float, ...]:
    """Return what a header says of Adam's decays, checked to be two numbers from 0 to 1."""
    if not isinstance(values, list):
        raise TypeError(f"decays is {values!r}, expected two numbers from 0 to 1")
    decays = tuple(float.fromhex(str(value)) for value in values)
    if len(decays) != 2 or not all(0 <= decay <= 1 for decay in decays):
        raise ValueError(f"decays is {values!r}, expected two numbers from 0 to 1")
    return decays
