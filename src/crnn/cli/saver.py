"""The file of a training: when it is due, what it must not destroy, what it costs to fail."""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
import time
from collections.abc import Callable

import click

from crnn import checkpoint
from crnn.cli.options import Period
from crnn.cli.program import explained
from crnn.trainer import Trainer

__all__ = ["Saver", "check_place"]


class Saver:
    """Writes the checkpoints of one training into one file.

    Parameters
    ----------
    trainer : Trainer
        What is saved.
    path : str
        The file.
    every : Period
        How often.
    keep : bool
        Keep a file that is there as ``path + ".bak"`` when it is first replaced.

    Attributes
    ----------
    best_path : str
        The file of the best validation.
    saved_step, saved_best : int or None
        Steps of the last checkpoint and of the best validation that this run wrote.
    kept : bool
        Whether it kept an older file.
    """

    def __init__(self, trainer: Trainer, path: str, every: Period, *, keep: bool) -> None:
        self.path = path
        self.best_path = "{}.best{}".format(*os.path.splitext(path))
        self.saved_step: int | None = None
        self.saved_best: int | None = None
        self.kept = False
        self._trainer = trainer
        self._every = every
        self._keep = keep
        self._last_time = time.monotonic()
        self._last_step = trainer.step

    def due(self) -> bool:
        """Tell whether a checkpoint is due; any thread may ask."""
        if self._every.seconds is not None:
            return time.monotonic() - self._last_time >= self._every.seconds
        step = self._trainer.step
        return step != self._last_step and step % (self._every.windows or 1) == 0

    def next_step(self) -> int | None:
        """Return the step to train to before anything is saved; None: when time says."""
        if self._every.windows is None:
            return None
        return (self._trainer.step // self._every.windows + 1) * self._every.windows

    def keep_best(self, warn: Callable[[str], None]) -> None:
        """Save beside the file what did best in a validation; a failure is a warning."""
        try:
            with explained():
                self._trainer.save(self.best_path)
            self.saved_best = self._trainer.step
        except click.ClickException as error:
            warn(f"{error.message}; training goes on")

    def checkpoint(self, warn: Callable[[str], None]) -> None:
        """Save while training goes on; a failure is a warning, the next one may succeed."""
        try:
            self.save()
        except click.ClickException as error:
            warn(f"{error.message}; training goes on")
        self._last_time, self._last_step = time.monotonic(), self._trainer.step

    def save(self) -> None:
        """Save now.

        Raises
        ------
        click.ClickException
            If it cannot be written; the file there is whole and still the old one.
        """
        keep = self._keep and os.path.exists(self.path)
        with explained(self.remains()):
            self._trainer.save(self.path, keep=keep)
        self.saved_step = self._trainer.step
        self.kept = self.kept or keep
        self._keep = False

    def finish(self) -> None:
        """Save what has not been saved yet.

        Raises
        ------
        click.ClickException
            As for `save` and `check_loss`.
        """
        self.check_loss()
        if self.saved_step != self._trainer.step:
            try:
                self.save()
            except click.ClickException as error:
                raise self._rescued(error) from error

    def _rescued(self, error: click.ClickException) -> click.ClickException:
        """Save somewhere else what cannot be saved where it should be, and say where."""
        name = "{}.rescued{}".format(*os.path.splitext(os.path.basename(self.path)))
        for folder in (os.curdir, os.path.expanduser("~"), tempfile.gettempdir()):
            place = os.path.join(os.path.abspath(folder), name)
            with contextlib.suppress(OSError):
                self._trainer.save(place, keep=True)
                return click.ClickException(
                    f"{error.message}; what was learned is in {place!r} instead: move it"
                )
        return error

    def check_loss(self) -> None:
        """Refuse to put a model that has become useless over a good file.

        Raises
        ------
        click.ClickException
            If the loss is not a number any more.
        """
        if not math.isfinite(self._trainer.smooth_loss):
            raise click.ClickException(
                f"the loss became {self._trainer.smooth_loss} by window {self._trainer.step:,}: "
                "train again with a smaller --learning-rate, or with --on-divergence halve-rate; "
                + (self.remains() or "nothing was saved")
            )

    def remains(self) -> str:
        """Say what the file holds whatever happens now; empty if this run never wrote it."""
        if self.saved_step is None:
            return ""
        return f"{self.path!r} still holds window {self.saved_step:,}"


def check_place(path: str, *, keep: bool) -> None:
    """Make sure, before an hour of training, that a file can be written there.

    Parameters
    ----------
    path : str
        The file; a symbolic link is followed.
    keep : bool
        As for `Saver`.

    Raises
    ------
    click.ClickException
        If it cannot be, as far as that shows beforehand.
    """
    with explained():
        checkpoint.probe(path, keep=keep)
