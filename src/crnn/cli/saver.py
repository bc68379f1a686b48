"""The files of a training: when they are due, what they must not destroy, what it costs to fail.

A file that cannot be written costs a warning, once for each cause, and not the training: saving is
tried again, and that it succeeds again is said, too. The file of the best validation is written
when the validation finds it, before any checkpoint that knows of it; so a run that is killed in
between finds and writes it again. If it cannot be written, its bytes are kept until they can.
"""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import click

from crnn import checkpoint, durable
from crnn.cli.options import Period
from crnn.cli.program import explained
from crnn.trainer import DivergenceError, Trainer

__all__ = ["Saver", "best_path_of", "check_place"]

Warn: TypeAlias = Callable[[str], None]
Write: TypeAlias = Callable[[str], None]

_FIRST_RETRY: Final = 1.0  # seconds after a failure; twice as many after the next
_LAST_RETRY: Final = 60.0


class Saver:
    """Writes the checkpoints of one training into one file, and its best state into another.

    Parameters
    ----------
    trainer : Trainer
        What is saved.
    path : str
        The file.
    every : Period
        How often. After a failure it is tried sooner, if that is long: after a second, then two,
        four and so on up to a minute.
    keep : bool
        Keep a file that is there as ``path + ".bak"`` when it is first replaced.

    Attributes
    ----------
    path, best_path : str
        The file, and that of the best validation.
    saved_step, saved_best : int or None
        Steps of the last checkpoint and of the best validation that this run wrote.
    kept : bool
        Whether it kept an older file.
    """

    def __init__(self, trainer: Trainer, path: str, every: Period, *, keep: bool) -> None:
        self.path = path
        self.best_path = best_path_of(path)
        self.saved_step: int | None = None
        self.saved_best: int | None = None
        self.kept = False
        self._trainer = trainer
        self._every = every
        self._keep = keep
        self._file, self._best_file = _File(path), _File(self.best_path)
        self._unsaved_best: bytes | None = None
        self._last_time = time.monotonic()
        self._last_step = trainer.step
        self._retry_after = math.inf

    def due(self) -> bool:
        """Tell whether a checkpoint is due; any thread may ask.

        Never twice at one step: else a validation that takes longer than the period would be
        interrupted for a checkpoint, begun again, and never end.
        """
        step = self._trainer.step
        if step == self._last_step:
            return False
        seconds = time.monotonic() - self._last_time
        if self._every.seconds is not None:
            return seconds >= min(self._every.seconds, self._retry_after)
        return step % (self._every.windows or 1) == 0 or seconds >= self._retry_after

    def next_step(self) -> int | None:
        """Return the step to train to before anything is saved; None if not a matter of steps."""
        if self._every.windows is None:
            return None
        return (self._trainer.step // self._every.windows + 1) * self._every.windows

    def keep_best(self, warn: Warn) -> None:
        """Save beside the file what did best in a validation; a failure is a warning."""
        self._unsaved_best = None  # an older one is the best no more
        if self._best_file.tried(self._trainer.save, warn):
            self.saved_best = self._trainer.step
        else:
            with contextlib.suppress(MemoryError):  # the warning has been given
                self._unsaved_best = self._trainer.to_bytes()
            self._wait_after_failure()

    def checkpoint(self, warn: Warn) -> None:
        """Save while training goes on; a failure is a warning, the next one may succeed.

        A training that is lost and may yet go back does not replace a good file.
        """
        written = self._saved_best(warn)
        if self._trainer.is_finite and not self._trainer.is_lost:
            written = self._file.tried(self._save, warn, self.remains()) and written
        self._last_time, self._last_step = time.monotonic(), self._trainer.step
        if written:
            self._retry_after = math.inf
        else:
            self._wait_after_failure()

    def finish(self) -> None:
        """Save the end, and the best if it could not be saved before; somewhere else if need be.

        Raises
        ------
        click.ClickException
            If the loss is lost, or something cannot be written where it should be.
        """
        errors: list[str] = []
        if self._unsaved_best is not None:
            errors += self._saved_somewhere(self.best_path, self._best_file.place, self._write_best)
        objection = self._objection(for_good=True)
        if objection:
            errors.append(objection)
        else:
            errors += self._saved_somewhere(self.path, self._file.place, self._save)
        if errors:
            raise click.ClickException("; ".join(errors))

    def check_loss(self) -> None:
        """End a training that cannot recover.

        Raises
        ------
        click.ClickException
            If its loss or its parameters are no finite numbers, and it will not go back.
        """
        objection = self._objection()
        if objection:
            raise click.ClickException(objection)

    @contextlib.contextmanager
    def guarding(self) -> Iterator[None]:
        """Turn what ends a training into the line that a user reads: with advice, and what stays.

        Raises
        ------
        click.ClickException
            In place of what the layers below raise.
        """
        try:
            with explained(self.remains()):
                yield
        except click.ClickException as error:
            if isinstance(error.__cause__, DivergenceError):
                raise click.ClickException(self._advice(error.__cause__.what)) from error
            raise

    def remains(self) -> str:
        """Say what the file holds whatever happens now; empty if this run never wrote it."""
        if self.saved_step is None:
            return ""
        return f"{self.path!r} still holds window {self.saved_step:,}"

    def _save(self, place: str) -> None:
        keep = self._keep and os.path.exists(place)
        self._trainer.save(place, keep=keep)
        self.saved_step = self._trainer.step
        self.kept = self.kept or keep
        self._keep = False

    def _saved_best(self, warn: Warn) -> bool:
        """Save what did best, if that failed before; tell whether nothing is left to be saved."""
        if self._unsaved_best is not None and self._best_file.tried(self._write_best, warn):
            self._unsaved_best = None
        return self._unsaved_best is None

    def _write_best(self, place: str) -> None:
        assert self._unsaved_best is not None  # or nobody would ask
        checkpoint.write_bytes(place, self._unsaved_best)

    def _wait_after_failure(self) -> None:
        longer = 2 * self._retry_after if self._retry_after < math.inf else _FIRST_RETRY
        self._retry_after = min(longer, _LAST_RETRY)

    def _objection(self, *, for_good: bool = False) -> str:
        """Return why the model is useless and stays so, to be saved in place of a good file never.

        Before the end only what cannot become better is: whether a training goes on must not
        depend on when it is saved.
        """
        trainer = self._trainer
        if trainer.is_finite and not (for_good and trainer.is_lost):
            return ""
        if trainer.settings.on_divergence == "halve-rate" and not (for_good and trainer.is_over):
            return ""  # it goes back
        what = "loss" if trainer.is_lost else "parameters"
        value = f"{trainer.smooth_loss:.4g}" if trainer.is_lost else "infinite or no numbers"
        return self._advice(f"the {what} became {value} by window {trainer.step:,}")

    def _advice(self, what: str) -> str:
        going_back = self._trainer.settings.on_divergence == "halve-rate"
        other = "" if going_back else ", or with --on-divergence halve-rate"
        return (
            f"{what}: train again with a smaller --learning-rate{other}; "
            f"{self.remains() or 'nothing was saved'}"
        )

    def _saved_somewhere(self, path: str, place: str, write: Write) -> list[str]:
        """Save, somewhere else if need be; return what went wrong, nothing if all is well."""
        try:
            with explained(self.remains() if path == self.path else ""):
                write(place)
        except click.ClickException as error:
            return [self._rescued(path, write, error.message)]
        return []

    def _rescued(self, path: str, write: Write, error: str) -> str:
        """Save somewhere else what cannot be saved where it should be, and say where."""
        name = "{}.rescued{}".format(*os.path.splitext(os.path.basename(path)))
        for folder in (os.getcwd, lambda: os.path.expanduser("~"), tempfile.gettempdir):
            with contextlib.suppress(click.ClickException), explained():
                place = _unused(os.path.join(folder(), name))
                write(place)
                return f"{error}; what was learned is in {place!r} instead: move it"
        return f"{error}; it could not be saved anywhere else either"


class _File:
    """A file that is written again and again, and what is said about that.

    Parameters
    ----------
    path : str
        Its name for people.

    Attributes
    ----------
    place : str
        Its whole name: the current folder may vanish with its file system, and come back.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.place = os.path.abspath(path)
        self._trouble: str | None = None

    def tried(self, write: Write, warn: Warn, hint: str = "") -> bool:
        """Write it and tell whether that succeeded; warn of a failure when it is a new one."""
        try:
            with explained(hint):
                write(self.place)
        except click.ClickException as error:
            if error.message != self._trouble:
                warn(f"{error.message}; training goes on, and it is tried again")
            self._trouble = error.message
            return False
        if self._trouble is not None:
            warn(f"{self.path!r} could be saved again: all is well")
        self._trouble = None
        return True


def best_path_of(path: str) -> str:
    """Return the name of the file of the best validation.

    Examples
    --------
    >>> best_path_of("m.safetensors")
    'm.best.safetensors'
    """
    return "{}.best{}".format(*os.path.splitext(path))


def check_place(path: str, *, keep: bool, best: bool = False) -> None:
    """Make sure, before an hour of training, that its files can be written there.

    What a run that was killed left half written is removed.

    Parameters
    ----------
    path : str
        The file; a symbolic link is followed.
    keep : bool
        As for `Saver`.
    best : bool
        Whether there will be a file of the best validation, too.

    Raises
    ------
    click.ClickException
        If it cannot be, as far as that shows beforehand.
    """
    places = [path, best_path_of(path)] if best else [path]
    for (
        place
    ) in places:  # of both, before anything is made: what one killed run left is all there is
        durable.clear(os.path.realpath(place))
    with explained():
        for place in places:
            checkpoint.probe(place, keep=keep and place == path)


def _unused(path: str) -> str:
    """Return the path, or it with a number if there is such a file."""
    stem, ending = os.path.splitext(path)
    number = 2
    while os.path.exists(path):
        path = f"{stem}-{number}{ending}"
        number += 1
    return path
