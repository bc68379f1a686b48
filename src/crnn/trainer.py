"""The trainer: the reference's main loop over a text, with reports, validation and exact resuming.

The windows themselves run in `crnn.training`, without the GIL, in slices of about 20 ms: between
them reports are made, the text that is held back is read, and a request to stop is seen. Slices
never change a result. Nothing is printed here.
"""

from __future__ import annotations

import contextlib
import copy
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn import arguments, checkpoint, probe, seeding
from crnn.agenda import Agenda
from crnn.budget import Budget
from crnn.checkpoint import JSON
from crnn.engine import UNKNOWN, Engine, Tensors
from crnn.history import COLUMNS, Report, rows_of, table_of
from crnn.locks import Alone
from crnn.material import Material, Source, is_documents, prepared
from crnn.model import PARAMETERS, RNN, described_by
from crnn.record import Progress, Record
from crnn.saved import Saved
from crnn.settings import Settings
from crnn.slices import Slices
from crnn.training import bits_per_char
from crnn.validation import Validation

__all__ = ["DivergenceError", "Trainer"]

Callback: TypeAlias = Callable[[Report], bool | None]

FIRST_STEPS: Final = 1000  # in which a smooth loss far above a uniform guess is no sign of anything
LEAST_LOWERING: Final = 1e-6  # of the rate: then it is not the rate
CHANGEABLE: Final = (
    "learning_rate", "report_every", "sample_every", "sample_length", "val_every", "patience",
    "plateau", "on_divergence",
)  # fmt: skip
_TAKEN: Final = "another thread is using this trainer: wait for it, or stop() it"
_LEFT: Final = (
    "this trainer was in use in another thread when the process was forked, so its last window is "
    "half trained here: fork between two calls, or start the process by spawn"
)
_GOOD = "good."  # before the names of the arrays that a training can go back to


class DivergenceError(ArithmeticError):
    """The loss of a training is lost: it is not a number any more, or far above a uniform guess.

    Attributes
    ----------
    what : str
        What became of it, without advice.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: train again with a smaller learning_rate or clip_norm")
        self.what = what

    def __reduce__(self) -> tuple[type[DivergenceError], tuple[str]]:
        """Pickle without the advice, which is given again."""
        return type(self), (self.what,)


@dataclass(frozen=True)
class _Pending:
    """A window for which something is due, from before it is trained until all is taken in."""

    iteration: int
    sample: str | None
    sampler: np.random.PCG64  # as it is after the sample
    listed: bool


@dataclass(frozen=True)
class _Good:
    """Where a training can go back to: its arrays, its record, and how long its history was."""

    tensors: Tensors
    record: Record
    rows: int


class Trainer:
    """Trains a model in place: windows left to right through a text, BPTT, clipping, an optimizer.

    The hidden state is carried from window to window and reset to zero where the text begins
    again. Several streams go through as many parts of the text at once.

    Parameters
    ----------
    model : RNN
        Trained in place.
    text : str, sequence of str, numpy.ndarray or Corpus
        The text, of at least ``(seq_length + 2) * batch_size`` characters of the model's
        vocabulary; as several documents, which are then kept apart; as indices in an array of an
        integer type; or as a corpus that was read with the model's vocabulary.
    val_text : the same, optional
        A text to validate on, in place of `val_fraction`.
    seq_length : int
        T, steps of a window.
    batch_size : int
        B, parallel streams: the text is cut into so many contiguous parts of one length (what is
        left over is not read), and each has a hidden state of its own. Loss and gradients are
        means over the streams.
    dropout : float
        Probability that a hidden unit is left out on its way to Why; the others are multiplied by
        1 / (1 - dropout).
    optimizer : {"adagrad", "sgd", "rmsprop", "adam", "adamw"}
        "adagrad" is the reference's (Duchi, Hazan, Singer 2011). "sgd" has `momentum`; "rmsprop"
        (Tieleman, Hinton 2012) has `decay_rate`; "adam" (Kingma, Ba 2015) and "adamw" (Loshchilov,
        Hutter 2019) have `beta1` and `beta2`.
    learning_rate : float
        Step size of the optimizer: 0.1 suits Adagrad, Adam wants about 0.002.
    weight_decay : float
        Of the matrices. AdamW multiplies them by 1 - rate * weight_decay in every step; the others
        add weight_decay times the weights to the clipped gradient.
    clip, clip_norm : float
        Every element of a gradient is clipped to plus or minus `clip`, after all of them were made
        smaller together where their norm exceeds `clip_norm`; inf: not.
    freeze : str
        Names of parameters that are not trained, with commas between.
    schedule : {"constant", "step", "cosine", "trapezoid"}
        What becomes of the rate after `warmup` windows in which it rises: "step" multiplies it by
        `decay_factor` every `decay_every` windows, "cosine" lets it fall to `final_rate` times
        itself until window `steps`, "trapezoid" does so in a straight line in the last
        `decay_fraction` of all windows.
    steps : int
        Windows in total, for the schedules that need to know, and for `finish`.
    time : float
        Seconds to train instead, from the first call on, pauses between calls included: the clock,
        consulted once, chooses `steps`; 0: not.
    val_fraction : float
        Part of the text that is held back, at its end: trained is ``text[:int(n * (1 - f))]``; of
        documents, the last whole ones are held back.
    val_every : int
        A validation every so many windows; 0: whenever twenty times as many characters were read.
        One more comes after the last window.
    patience, plateau : int
        After so many validations in a row that were no better than the best: stop early; multiply
        the rate by `decay_factor`. 0: never.
    on_divergence : {"stop", "halve-rate"}
        When the smooth loss at a report is not finite, or after window 1000 more than twice that of
        a uniform guess: raise `DivergenceError`, or go back to the last report and halve the rate.
    threads : int
        Most threads at work. Any number gives the same result; where more would be slower (small
        windows, one stream, fewer processors), fewer work by themselves.
    seed : None, int, sequence of int, SeedSequence, PCG64 or Generator over it
        Of the samples shown while training and of the units that are left out.
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

    Four parts of the text at once under Adam, and a tenth held back:

    >>> several = crnn.Trainer(
    ...     model, text, batch_size=4, optimizer="adam", learning_rate=0.002, val_fraction=0.1
    ... )
    >>> several.train(steps=100)
    >>> several.validate() < 1
    True
    """

    def __init__(
        self,
        model: RNN,
        text: Source,
        *,
        val_text: Source | None = None,
        seq_length: int = Settings.seq_length,
        batch_size: int = Settings.batch_size,
        dropout: float = Settings.dropout,
        optimizer: str = Settings.optimizer,
        learning_rate: float = Settings.learning_rate,
        momentum: float = Settings.momentum,
        decay_rate: float = Settings.decay_rate,
        beta1: float = Settings.beta1,
        beta2: float = Settings.beta2,
        weight_decay: float = Settings.weight_decay,
        clip: float = Settings.clip,
        clip_norm: float = Settings.clip_norm,
        freeze: str = Settings.freeze,
        schedule: str = Settings.schedule,
        warmup: int = Settings.warmup,
        decay_every: int = Settings.decay_every,
        decay_factor: float = Settings.decay_factor,
        final_rate: float = Settings.final_rate,
        decay_fraction: float = Settings.decay_fraction,
        steps: int = Settings.steps,
        time: float = Settings.time,
        documents: str = Settings.documents,
        val_fraction: float = Settings.val_fraction,
        val_every: int = Settings.val_every,
        patience: int = Settings.patience,
        plateau: int = Settings.plateau,
        on_divergence: str = Settings.on_divergence,
        threads: int = Settings.threads,
        seed: seeding.Seed = 0,
        report_every: int = Settings.report_every,
        sample_every: int = Settings.sample_every,
        sample_length: int = Settings.sample_length,
    ) -> None:
        given = dict(locals())
        for name in ("self", "model", "text", "val_text", "seed"):
            del given[name]
        if not isinstance(model, RNN):
            raise TypeError(f"model is of type {type(model).__name__}, expected an RNN")
        if any(is_documents(source) for source in (text, val_text)):
            given["documents"] = "file"
        settings = Settings(hidden_size=model.hidden_size, dtype=model.dtype.name, **given)
        self._begin(model, text, settings, seed, val_text)

    @classmethod
    def from_settings(
        cls,
        model: RNN,
        text: Source,
        settings: Settings,
        seed: seeding.Seed = 0,
        val_text: Source | None = None,
    ) -> Self:
        """Return a trainer with the numbers of `settings` in place of keywords."""
        trainer = cls.__new__(cls)
        trainer._begin(model, text, settings, seed, val_text)
        return trainer

    def _begin(
        self,
        model: RNN,
        text: Source,
        settings: Settings,
        seed: seeding.Seed,
        val_text: Source | None,
    ) -> None:
        material = prepared(model.vocab, text, val_text, settings)
        self._begin_on(material, model, settings, seeding.seed_sequence(seed))

    def _begin_on(
        self, material: Material, model: RNN, settings: Settings, seed: np.random.SeedSequence
    ) -> None:
        self.model = model
        self.settings = settings
        self.seed = seed
        self._material = material
        self._total = None if settings.time > 0 else settings.steps
        self._engine = Engine(model, self._material, settings, self._total, self.seed)
        self._core = self._engine.core
        held_back = self._material.validation
        self._validation = None if held_back is None else Validation(model._net, held_back)
        self._progress = Progress()
        self._reports: list[Report] = []
        self._pending: _Pending | None = None
        self._good: _Good | None = None
        self._budget: Budget | None = None
        self._slices, self._reading = Slices(), Slices()
        self._stopping = False
        self._mine = Alone(_TAKEN, _LEFT)

    @property
    def step(self) -> int:
        """Windows trained so far, over resumes."""
        return self._core.step

    @property
    def total(self) -> int | None:
        """Windows there will be in all; None until the clock was consulted, if it is to say."""
        return self._total

    @property
    def is_over(self) -> bool:
        """Whether all windows were trained, or no more are wanted: see `patience`."""
        done = self._total is not None and self.step >= self._total
        return self._is_tired() or (done and not self._validation_is_due())

    def _is_tired(self) -> bool:
        """Tell whether there were too many validations in a row without a better one."""
        return 0 < self.settings.patience <= self._progress.worse

    @property
    def smooth_loss(self) -> float:
        """Nats per window: 0.999 of it and 0.001 of each window's loss; at first T ln V."""
        return self._core.smooth_loss

    @property
    def bits_per_char(self) -> float:
        """The smooth loss in bits per character."""
        return bits_per_char(self.smooth_loss, self.settings.seq_length)

    @property
    def is_lost(self) -> bool:
        """Whether the loss says that nothing will come of it any more; see `on_divergence`."""
        if not math.isfinite(self.smooth_loss):
            return True
        return self.step > FIRST_STEPS and self._is_astray()

    @property
    def is_finite(self) -> bool:
        """Whether the loss and all parameters are finite; what is not never becomes so again."""
        arrays = [np.float64(self.smooth_loss), *(getattr(self.model, name) for name in PARAMETERS)]
        return all(bool(np.isfinite(array).all()) for array in arrays)

    @property
    def learning_rate(self) -> float:
        """The learning rate of the last window."""
        return self._core.optimizer.rate

    @property
    def has_validation(self) -> bool:
        """Whether there is a text to validate on, held back or given."""
        return self._validation is not None

    @property
    def val_loss(self) -> float | None:
        """Nats per character of the last validation; None before the first."""
        losses = [report.val_loss for report in self._reports if report.val_loss is not None]
        return losses[-1] if losses else None

    @property
    def best_val_loss(self) -> float | None:
        """Nats per character of the best validation; None before the first."""
        best = self._progress.best_loss
        return best if best < math.inf else None

    @property
    def best_step(self) -> int:
        """After how many windows the best validation was."""
        return self._progress.best_step

    @property
    def history(self) -> npt.NDArray[np.void]:
        """One row a report, of a window or of a validation, as a structured array.

        Its columns: `iteration` (int64), `smooth_loss` (nats per window), `learning_rate`,
        `gradient_norm` (NaN in a row of a validation) and `val_loss` (nats per character, NaN in a
        row of a window), float64. ``pandas.DataFrame(trainer.history)`` is a table of it.
        """
        return table_of(self._reports)

    def train(
        self, steps: int = 1000, callback: Callback | None = None, *, progress: bool = False
    ) -> None:
        """Train `steps` more windows.

        Parameters
        ----------
        steps : int
            How many; fewer if the training stops early.
        callback : callable, optional
            Called with a `Report` after every window for which a report or a sample is due, and
            after every validation; if it returns True, training stops. Its exceptions reach the
            caller; the trainer can go on afterwards, as after a KeyboardInterrupt.
        progress : bool
            Show how far it is, in a terminal or a notebook.

        Raises
        ------
        RuntimeError
            If another thread is using this trainer.
        DivergenceError
            If the loss is lost; see `on_divergence`.
        """
        end = self.step + arguments.integer("steps", steps, least=0)
        with self._shown(progress, lambda: end):
            self._train(end, callback)

    def finish(
        self,
        callback: Callback | None = None,
        *,
        until: int | None = None,
        progress: bool = False,
    ) -> None:
        """Train until the training is over: the windows of `steps`, or of `time`, are trained.

        Parameters
        ----------
        callback : callable, optional
            As for `train`, and so are the errors.
        until : int, optional
            Return before, when so many windows are trained in all.
        progress : bool
            As for `train`.
        """
        with self._shown(progress, lambda: self._total if until is None else until):
            self._train(None, callback, until)

    def _shown(
        self, progress: bool, end: Callable[[], int | None]
    ) -> contextlib.AbstractContextManager[None]:
        """Return what shows how far it is, if that is wanted: only then it is imported."""
        if not progress:
            return contextlib.nullcontext()
        from crnn.progress import shown

        return shown(self, end)

    def run(self, steps: int, every: int = 100) -> Iterator[Report]:
        """Train `steps` more windows and yield a report after each `every` of them.

        Parameters
        ----------
        steps, every : int
            How many in all, and from one report to the next.

        Yields
        ------
        Report
            Of where the training is; it has no row in the history.

        Examples
        --------
        >>> import crnn
        >>> trainer = crnn.Trainer(crnn.RNN("ab", hidden_size=4), "ab" * 50)
        >>> [report.iteration for report in trainer.run(20, every=10)]
        [9, 19]
        """
        every = arguments.integer("every", every, least=1)
        end = self.step + arguments.integer("steps", steps, least=0)
        while self.step < end and not self._is_tired():
            until = min(end, self.step + every)
            self.train(until - self.step)
            yield self._report(self.step - 1, listed=False)
            if self.step < until:  # somebody asked to stop
                return

    def set(self, **changes: Any) -> None:
        """Change settings between two windows; a checkpoint remembers them.

        Parameters
        ----------
        **changes
            Any of learning_rate, report_every, sample_every, sample_length, val_every, patience,
            plateau, on_divergence.

        Raises
        ------
        TypeError, ValueError
            If a value is of the wrong kind or out of range, or the setting cannot be changed.
        """
        fixed = [name for name in changes if name not in CHANGEABLE]
        if fixed:
            raise ValueError(
                f"{', '.join(fixed)} cannot be changed on the way, expected "
                f"{', '.join(CHANGEABLE)}: make a new Trainer"
            )
        with self._alone():
            self.settings = replace(self.settings, **changes)
            self._core.optimizer.learning_rate = self.settings.learning_rate
            if not self._goes_back():
                self._good = None

    def validate(self) -> float:
        """Return the loss of the validation text now, in nats per character; nothing else changes.

        Raises
        ------
        ValueError
            If nothing is held back.
        RuntimeError
            If another thread is using this trainer.
        """
        if self._validation is None:
            raise ValueError("there is no validation text: give val_text or a val_fraction")
        with self._alone():
            self._validation.begin()
            while not self._validation.ended:
                self._reading.run(self._validation.run, self._material.validated)
            return self._validation.loss

    def _train(self, end: int | None, callback: Callback | None, most: int | None = None) -> None:
        if callback is not None and not callable(callback):
            raise TypeError(f"callback is {callback!r}, expected a function of a Report")
        with self._alone():
            if self._total is None and self._budget is None:
                self._budget = self._begun_budget()
            try:
                self._train_to(lambda: self._end(end, most), callback)
            finally:
                self._stopping = False

    def _train_to(self, end: Callable[[], int], callback: Callback | None) -> None:
        while not self._stopping and not self._is_tired():
            self._consult_clock()
            report = self._next_report(end())
            if report is not None:
                if callback is not None and callback(report) is True:
                    return
            elif self.step >= end():
                return
            elif not self._stopping:
                self._core.optimizer.lowering = self._progress.lowering
                self._slices.run(
                    self._core.run, min(end(), self._agenda.next_due(self.step)) - self.step
                )

    def _next_report(self, end: int) -> Report | None:
        """Return the report that is due now; None if windows are to be trained first, or a stop."""
        if self._validation_is_due():
            return self._validated()
        if self._pending is not None or (self._agenda.is_due(self.step) and self.step < end):
            return self._reported_window()
        return None

    def _end(self, end: int | None, most: int | None) -> int:
        """Return where to stop: at `end`, or else where the training is over, or at `most`."""
        if end is not None:
            return end
        total = UNKNOWN if self._total is None else self._total
        return total if most is None else min(total, most)

    def _consult_clock(self) -> None:
        """Let the clock say, once, how many windows there will be."""
        if self._total is None and self._budget is not None and self._budget.is_due():
            self._end_at(self._budget.total(self.step))

    def _end_at(self, total: int) -> None:
        """Let it be a training of so many windows, as if that had been known from the first."""
        self._total = total
        self.settings = replace(self.settings, steps=total, time=0.0)
        self._engine.end_at(total)

    def _seconds_of_the_end(self) -> float:
        """Return how long a validation and a checkpoint take now."""
        begin = time.perf_counter()
        checkpoint.to_bytes(*self._contents())
        seconds = 2 * (time.perf_counter() - begin)  # as long again to write them
        if self._validation is not None:
            begin = time.perf_counter()
            self._validation.begin()
            for _ in range(8):  # some slices, so that nobody who wants it to stop has to wait
                self._reading.run(self._validation.run, self._material.validated)
                if self._validation.ended or self._stopping:
                    break
            part = self._validation.characters / self._material.validated
            seconds += (time.perf_counter() - begin) / part
        return seconds

    def _begun_budget(self) -> Budget:
        """Return the budget of time, which begins now."""
        settings, reserve = self.settings, self._seconds_of_the_end()
        if reserve > settings.time / 2 and not self._stopping:
            raise ValueError(
                f"time is {settings.time:g} seconds, and to validate on "
                f"{self._material.validated:,} characters and to save takes about {reserve:.2g} of "
                "them: hold back less (val_fraction), or take more time"
            )
        falling = settings.decay_fraction if settings.schedule == "trapezoid" else 0.2
        return Budget(settings.time, falling, self.step, reserve)

    def stop(self) -> None:
        """Ask `train` to return after its present slice, from any thread or signal handler.

        If none is running, the next one returns at once.
        """
        self._stopping = True

    def _alone(self) -> contextlib.AbstractContextManager[None]:
        """Keep other threads out; the same thread may come again, from a callback."""
        return self._mine.inside()

    @property
    def _agenda(self) -> Agenda:
        return Agenda(self.settings, self._material.validated, self._total)

    def _validation_is_due(self) -> bool:
        return self._agenda.validation_is_due(self.step, self._progress.last_step)

    def _reported_window(self) -> Report | None:
        """Sample if that is due, train one window, and say where the training is.

        None if asked to stop before: then the sample will be drawn anew.
        An exception (a KeyboardInterrupt can come anywhere) leaves what was done in `_pending`;
        the next call, or a save, goes on from there. So nothing is drawn or listed twice.
        """
        if self._pending is None:
            self._pending = self._prepared()
        if self._pending is None:
            return None
        if self._pending.iteration == self.step:
            self._core.optimizer.lowering = self._progress.lowering
            self._core.run(1, norm=True)
        return self._settled(self._pending)

    def _prepared(self) -> _Pending | None:
        """Draw the sample, if one is due, from a copy of the sampler; None if asked to stop."""
        sampler, sample = self._engine.sampler, None
        if self._agenda.sample_is_due(self.step):
            try:
                drawn = self._engine.drawn(self.settings.sample_length, lambda: self._stopping)
            except ValueError:  # the model predicts no numbers: the next report says so
                pass
            else:
                if drawn is None:
                    return None
                sample, sampler = drawn
        return _Pending(self.step, sample, sampler, self._agenda.report_is_due(self.step))

    def _settled(self, pending: _Pending) -> Report:
        """Take in what belongs to a window that has been trained."""
        report = self._report(pending.iteration, sample=pending.sample, listed=pending.listed)
        if pending.listed and self.is_lost:
            return self._went_back(report)
        self._list(report)
        self._engine.sampler = pending.sampler
        self._pending = None
        if pending.listed and self._goes_back() and not self._is_astray():
            self._good = self._state()
        return report

    def _goes_back(self) -> bool:
        return self.settings.on_divergence == "halve-rate"

    def _list(self, report: Report) -> None:
        """Give a report a row in the history, once."""
        row = replace(report, sample=None, remark="")
        if report.listed and (not self._reports or self._reports[-1] != row):
            self._reports.append(row)

    def _report(self, iteration: int, **more: Any) -> Report:
        return Report(
            iteration,
            self.smooth_loss,
            self.bits_per_char,
            learning_rate=self.learning_rate,
            gradient_norm=self._core.norm,
            **more,
        )

    def _validated(self) -> Report | None:
        """Read the validation text and take in what that comes to; None if asked to stop before."""
        assert self._validation is not None  # or none would be due
        self._validation.begin()
        while not self._validation.ended:
            if self._stopping:
                return None
            self._reading.run(self._validation.run, self._material.validated)
        settings, loss = self.settings, self._validation.loss
        progress = self._progress.after(loss, self.step, settings.plateau, settings.decay_factor)
        report = Report(
            self.step - 1,
            self.smooth_loss,
            self.bits_per_char,
            learning_rate=self.learning_rate,
            val_loss=loss,
            is_best=progress.best_step == self.step,
            remark=self._remark(progress),
        )
        self._list(report)
        self._progress = progress  # takes it all in at once: see _reported_window
        return report

    def _remark(self, progress: Progress) -> str:
        """Return what follows from a validation."""
        patience, plateau = self.settings.patience, self.settings.plateau
        if patience and progress.worse >= patience:
            return f"no better for {patience} validations: the training is over"
        if progress.lowering != self._progress.lowering:
            return f"no better for {plateau} validations: the rate is lowered"
        return ""

    def _is_astray(self) -> bool:
        """Tell whether the smooth loss is far above that of a uniform guess."""
        return not self.smooth_loss <= 2 * self._core.uniform_loss

    def _went_back(self, report: Report) -> Report:
        """Go back to the last good report with half the rate, or say that there is none."""
        good = self._good if self._goes_back() else None
        why = f"{self._loss_in_words()} by window {report.iteration + 1:,}"
        if good is None:
            raise DivergenceError(why)
        if good.record.progress.lowering <= LEAST_LOWERING:
            raise DivergenceError(f"{why}, though the rate was halved again and again")
        self._engine.restore(good.tensors, good.record)
        del self._reports[good.rows :]
        self._pending = None
        self._progress = good.record.progress.lowered(0.5)
        self._good = self._state()
        remark = f"{why}: back to {self.step:,} with half the rate"
        return self._report(self.step - 1, listed=False, remark=remark)

    def _loss_in_words(self) -> str:
        if math.isfinite(self.smooth_loss):
            bits = f"{self.bits_per_char:.3g} bits per character"
            return f"the loss is {bits}, more than twice that of a uniform guess,"
        return f"the loss became {self.smooth_loss}"

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
        DivergenceError
            If the window trained last lost the loss: such a model replaces no good file.
        RuntimeError
            If another thread is training with this trainer.
        """
        checkpoint.write_bytes(path, self.to_bytes(), keep=keep)

    def to_bytes(self) -> bytes:
        """Return what `save` writes.

        Raises
        ------
        RuntimeError
            If another thread is training with this trainer.
        """
        with self._alone():
            self._settle()
            return checkpoint.to_bytes(*self._contents())

    def _settle(self) -> None:
        """Take in a window that was trained before an exception came."""
        if self._pending is not None and self._pending.iteration < self.step:
            self._settled(self._pending)

    def __reduce__(self) -> tuple[Any, tuple[bytes, str]]:
        """Pickle as the bytes that `save` writes, so without the text: they become a `Saved`.

        ``Trainer.resume(saved, text)`` goes on with it.

        Examples
        --------
        >>> import pickle, crnn
        >>> trainer = crnn.Trainer(crnn.RNN("ab", hidden_size=4), "ab" * 50)
        >>> trainer.train(10)
        >>> saved = pickle.loads(pickle.dumps(trainer))
        >>> saved
        <Saved training of RNN(2 characters, hidden_size=4, dtype='float32'), 10 windows>
        >>> crnn.Trainer.resume(saved, "ab" * 50).step
        10
        """
        return Saved.from_bytes, (self.to_bytes(), "pickle of a Trainer")

    def __copy__(self) -> Self:
        """Return what `copy.deepcopy` does: two trainers of one model would disturb each other."""
        return copy.deepcopy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a twin with a model of its own, which goes on from here over the same texts.

        What a subclass, or who uses it, has added to the trainer is copied deeply, too.
        """
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        with self._alone():
            self._settle()
            model = copy.deepcopy(self.model, memo)
            twin._begin_on(self._material, model, self.settings, self.seed)
            now = self._state()
            twin._engine.restore(now.tensors, now.record)
            twin._engine.end_at(self._total)
            twin._total, twin._progress, twin._good = self._total, self._progress, self._good
            twin._reports = self._reports.copy()
            twin._budget = copy.copy(self._budget)
        for name in vars(self).keys() - vars(twin).keys():
            setattr(twin, name, copy.deepcopy(vars(self)[name], memo))
        return twin

    def _contents(self) -> tuple[Tensors, dict[str, JSON]]:
        """Return the tensors and the header of a checkpoint."""
        now, history = self._state(), self.history
        tensors = now.tensors | {f"history_{name}": history[name] for name, _ in COLUMNS}
        with probe.Mode():  # of what is made of numbers on their way to JSON
            header = {**self.model._header(), "training": now.record.to_json()}
            if self._good is not None:
                good = self._good
                tensors |= {_GOOD + name: array for name, array in good.tensors.items()}
                header["good"] = {"record": good.record.to_json(), "rows": good.rows}
        return tensors, header

    def _state(self) -> _Good:
        """Return copies of everything that changes while training."""
        record = Record(
            settings=self.settings,
            seed=self.seed,
            sampler=copy.deepcopy(self._engine.sampler),
            dropout=copy.deepcopy(self._engine.dropout),
            step=self.step,
            positions=self._core.positions,
            smooth_loss=self.smooth_loss,
            rate=self._core.optimizer.rate,
            running=self._core.optimizer.running,
            total=self._total,
            progress=self._progress,
            material=self._material.record,
        )
        return _Good(self._engine.tensors(), record, len(self._reports))

    @classmethod
    def resume(
        cls,
        path: str | os.PathLike[str] | Saved,
        text: Source,
        *,
        val_text: Source | None = None,
        threads: int | None = None,
        new_data: bool = False,
    ) -> Self:
        """Return a trainer that goes on exactly where the one that saved `path` was.

        Parameters
        ----------
        path : str, path-like or Saved
            A file of `Trainer.save`, or what became of a trainer that was pickled.
        text, val_text : as for `Trainer`
            What it was trained and validated on: it is not in the file.
        threads : int, optional
            Most threads at work from now on; by default as before.
        new_data : bool
            Allow other texts; then the streams begin at the beginning of theirs.

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
        saved = path if isinstance(path, Saved) else Saved.read(path)
        return cls.from_saved(saved, text, val_text=val_text, threads=threads, new_data=new_data)

    @classmethod
    def from_saved(
        cls,
        saved: Saved,
        text: Source,
        *,
        val_text: Source | None = None,
        threads: int | None = None,
        new_data: bool = False,
    ) -> Self:
        """Return a trainer that goes on from a file that was read; see `resume`."""
        record, settings = saved.record, saved.record.settings
        if threads is not None:
            settings = replace(settings, threads=threads)
        model = RNN._restored(saved.tensors, saved.header)  # another trainer may be made of it
        trainer = cls.from_settings(model, text, settings, record.seed, val_text)
        if not new_data:
            record.check_material(trainer._material.record)
        with described_by(saved.path, "a training"):
            trainer._restore(saved.tensors, record, new_data=new_data)
            if not new_data:  # else what it could go back to is of another text
                trainer._restore_good(saved.tensors, saved.header)
        return trainer

    def _restore_good(self, tensors: Tensors, header: dict[str, Any]) -> None:
        """Take over what the other trainer could go back to."""
        if "good" not in header:
            return
        names = [name for name in tensors if name.startswith(_GOOD)]
        good = {name.removeprefix(_GOOD): tensors[name] for name in names}
        with probe.Mode():
            record = Record.from_json(header["good"]["record"])
        self._engine.check(good, record)
        rows = arguments.integer("rows", header["good"]["rows"], least=0)
        self._good = _Good(good, record, rows)

    def _restore(self, tensors: Tensors, record: Record, *, new_data: bool) -> None:
        """Take over the state of another trainer with the same model, text and settings."""
        self._engine.restore(tensors, record, at_the_beginning=new_data)
        history = {name: tensors[f"history_{name}"] for name, _ in COLUMNS}
        self._reports = rows_of(history, self.settings.seq_length)
        self._total = record.total
        self._engine.end_at(record.total)
        self._progress = Progress() if new_data else record.progress

    def extend(self, *, steps: int | None = None, time: float = 0.0) -> None:
        """Let the training have another end.

        A schedule that needs to know the end follows the new one from now on.

        Parameters
        ----------
        steps : int, optional
            Windows in all, more or fewer than before.
        time : float
            Or seconds from the next window on; the clock, consulted once, chooses the windows.
        """
        with self._alone():
            steps = self.settings.steps if steps is None else steps
            self.settings = replace(self.settings, steps=steps, time=time)
            self._total = None if self.settings.time > 0 else self.settings.steps
            self._engine.end_at(self._total)
            self._budget = None
