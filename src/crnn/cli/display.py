"""The live display of a training in a terminal.

It fills the terminal's second screen, so that it can be painted anew at any size, and gives the
first one back as it was. It is drawn by a thread of rich's, which only reads the trainer.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live

from crnn.cli.chart import Curve
from crnn.cli.frame import Moment, frame
from crnn.cli.notes import Notes
from crnn.cli.output import OutputError, guarded
from crnn.cli.saver import Saver
from crnn.history import Report
from crnn.pace import Pace, progress_of
from crnn.trainer import Trainer
from crnn.training import bits_per_char

__all__ = ["Display", "fits"]

_FRAMES_PER_SECOND = 8


def fits(console: Console) -> bool:
    """Tell whether a console is a terminal that can show the display."""
    return console.is_terminal and not console.is_dumb_terminal


@dataclass
class _Heard:
    """What was last reported."""

    norm: float = math.nan
    val_loss: float | None = None
    sample: str = ""
    sampled_at: int | None = None


@contextlib.contextmanager
def _while_it_lasts() -> Iterator[None]:
    """Draw on the terminal as long as there is one: its end is not that of a training.

    Whoever closes a terminal sends a signal; a training that ignores that one goes on unseen.
    """
    with contextlib.suppress(OutputError), guarded():
        yield


class _Screen(Live):
    """The second screen of a terminal."""

    def refresh(self) -> None:
        """Draw; the thread that does it regularly has nobody who would catch an error."""
        with _while_it_lasts():
            super().refresh()


class Display:
    """A listener that shows a training as it goes.

    Parameters
    ----------
    trainer : Trainer
        What it shows; it is only read.
    saver : Saver
        For when it saved last.
    title : str
        What is trained on.
    console : Console
        The terminal.
    notes : Notes
        Where notes and warnings stay once the display is gone.
    """

    def __init__(
        self, trainer: Trainer, saver: Saver, title: str, console: Console, notes: Notes
    ) -> None:
        self._trainer = trainer
        self._saver = saver
        self._title = title
        self._notes = notes
        self._console = console
        self._begin = time.monotonic()
        self._pace = Pace(trainer.step)
        self._heard = _Heard()
        self._messages: list[str] = []
        self._warnings: set[str] = set()
        self.curve, self.val_curve = Curve(), Curve()
        for iteration, loss, _, norm, val_loss in trainer.history.tolist():
            self._add(iteration, loss)
            self._hear(iteration, norm, None if math.isnan(val_loss) else val_loss)
        self._screen = _Screen(
            console=console,
            screen=True,
            refresh_per_second=_FRAMES_PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
            get_renderable=self._frame,
        )

    def __enter__(self) -> Self:
        with _while_it_lasts():
            self._screen.start(refresh=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with _while_it_lasts():
            self._screen.stop()
        for message in self._messages:
            if message in self._warnings:
                self._notes.warn(message)
            else:
                self._notes.say(f"Note: {message}")

    def report(self, report: Report) -> None:
        """Show what is in a report from now on."""
        self._hear(report.iteration, report.gradient_norm, report.val_loss)
        if report.sample is not None:
            self._heard.sample, self._heard.sampled_at = report.sample, report.iteration

    def _add(self, step: int, loss: float) -> None:
        self.curve.add(step, bits_per_char(loss, self._trainer.settings.seq_length))

    def _hear(self, iteration: int, norm: float, val_loss: float | None) -> None:
        if val_loss is not None:
            self.val_curve.add(iteration, bits_per_char(val_loss, 1))
            self._heard.val_loss = val_loss
        if math.isfinite(norm):
            self._heard.norm = norm

    def note(self, message: str) -> None:
        """Show a note now, and say it again when the display is gone."""
        if message not in self._messages:
            self._messages.append(message)

    def warn(self, message: str) -> None:
        """Show a warning now, and say it again when the display is gone."""
        self._warnings.add(message)
        self.note(message)

    def _frame(self) -> RenderableType:
        """Return the whole screen as it is now."""
        return frame(self._moment(), self._console)

    def _moment(self) -> Moment:
        trainer, heard, settings = self._trainer, self._heard, self._trainer.settings
        step, elapsed = trainer.step, time.monotonic() - self._begin
        self._add(step, trainer.smooth_loss)
        pace = self._pace.mark(step)
        done, left = progress_of(step, trainer.total, pace, elapsed, settings.time)
        return Moment(
            title=self._title,
            about=self._about(),
            step=step,
            total=trainer.total,
            done=done,
            elapsed=elapsed,
            left=left,
            speed=pace * settings.seq_length * settings.batch_size,
            smooth_loss=trainer.smooth_loss,
            seq_length=settings.seq_length,
            learning_rate=trainer.learning_rate if step else math.nan,
            gradient_norm=heard.norm,
            validates=trainer._material.validation is not None,
            val_loss=heard.val_loss,
            best_loss=trainer.best_val_loss,
            best_step=trainer.best_step,
            training=self.curve,
            validation=self.val_curve,
            sample=heard.sample,
            sampled_at=heard.sampled_at,
            warning=self._messages[-1] if self._messages else "",
            hint=self._hint(),
        )

    def _about(self) -> str:
        settings, model = self._trainer.settings, self._trainer.model
        streams = f"{settings.batch_size:,} x " if settings.batch_size > 1 else ""
        return (
            f"{len(model.vocab):,} characters, hidden size {settings.hidden_size:,}, windows of "
            f"{streams}{settings.seq_length:,}, {settings.optimizer} {settings.learning_rate:g}, "
            f"{settings.dtype}"
        )

    def _hint(self) -> str:
        saved, best = self._saver.saved_step, self._saver.saved_best
        ago = "not saved yet" if saved is None else f"saved at window {saved:,}"
        if best is not None:
            ago += f", the best at {best:,}"
        return f"stops and saves to {self._saver.path} ({ago})"
