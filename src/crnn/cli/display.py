"""The live display of a training in a terminal.

It fills the terminal's second screen, so that it can be painted anew at any size, and gives the
first one back as it was. It is drawn by a thread of rich's, which only reads the trainer.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from crnn.cli.chart import Curve
from crnn.cli.notes import Notes
from crnn.cli.output import OutputError, guarded
from crnn.cli.quantities import duration, loss_in_units
from crnn.cli.saver import Saver
from crnn.cli.visible import visible
from crnn.history import Report
from crnn.trainer import Trainer

__all__ = ["Display", "fits"]

_FRAMES_PER_SECOND = 8
_PACE_SECONDS = 10.0
_MARGIN = (1, 2)
_FIXED_LINES = 14  # all but the curve, the sample and the footer; margins included
_HIGHEST_CURVE = 10
_HUGE = 1e6


def fits(console: Console) -> bool:
    """Tell whether a console is a terminal that can show the display."""
    return console.is_terminal and not console.is_dumb_terminal


class Pace:
    """Steps a second, over the last seconds."""

    def __init__(self, step: int) -> None:
        self._marks = deque([(time.monotonic(), step)])

    def mark(self, step: int) -> float:
        """Note that `step` is reached now and return the pace, 0 if it is not known yet."""
        now = time.monotonic()
        self._marks.append((now, step))
        while len(self._marks) > 2 and now - self._marks[0][0] > _PACE_SECONDS:
            self._marks.popleft()
        begin, first = self._marks[0]
        return (step - first) / max(now - begin, 1e-6)


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
        Where warnings stay once the display is gone.
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
        self._sample = ""
        self._sampled_at: int | None = None
        self._warnings: list[str] = []
        self.curve = Curve()
        for iteration, loss, *_ in trainer.history.tolist():
            self.curve.add(iteration, loss)
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
        for message in self._warnings:
            self._notes.warn(message)

    def report(self, report: Report) -> None:
        """Show the sample from now on."""
        if report.sample is not None:
            self._sample, self._sampled_at = report.sample, report.iteration

    def warn(self, message: str) -> None:
        """Show a warning now, and say it again when the display is gone."""
        if message not in self._warnings:
            self._warnings.append(message)

    def _frame(self) -> RenderableType:
        """Return the whole screen as it is now."""
        step, loss = self._trainer.step, self._trainer.smooth_loss
        self.curve.add(step, loss)
        width = max(20, self._console.width - 2 * _MARGIN[1])
        footer = self._footer(width)
        free = max(2, self._console.height - _FIXED_LINES - len(footer))
        curve_lines = min(_HIGHEST_CURVE, max(1, free // 2))
        parts = [
            *self._heading(),
            Text(),
            self._progress(step),
            Text(),
            self._figures(step),
            _one_line(self._loss(loss)),
            Text(),
            *self._plot(width, curve_lines),
            Text(),
            *self._latest(width, max(1, free - curve_lines)),
            Text(),
            *footer,
        ]
        return Padding(Group(*parts), _MARGIN)

    def _heading(self) -> list[Text]:
        settings, model = self._trainer.settings, self._trainer.model
        streams = f"{settings.batch_size:,} x " if settings.batch_size > 1 else ""
        what = (
            f"{len(model.vocab):,} characters, hidden size {settings.hidden_size:,}, windows of "
            f"{streams}{settings.seq_length:,}, {settings.optimizer} {settings.learning_rate:g}, "
            f"{settings.dtype}"
        )
        title = Text.assemble(("crnn train  ", "bold cyan"), (visible(self._title), "bold"))
        return [_one_line(title), _one_line(Text(what, "dim"))]

    def _progress(self, step: int) -> RenderableType:
        total = self._trainer.total
        bar = ProgressBar(
            total=None if total is None else max(total, 1),
            completed=step,
            pulse=total is None,
            complete_style="cyan",
        )
        line = Table.grid(expand=True, padding=(0, 2, 0, 0))
        line.add_column(ratio=1)
        line.add_column(justify="right", width=4)
        done = "" if total is None else f"{100 * step // max(total, 1)}%"
        line.add_row(bar, Text(done, "bold"))
        return line

    def _figures(self, step: int) -> RenderableType:
        pace = self._pace.mark(step)
        total = self._trainer.total
        left = duration((total - step) / pace) if total is not None and pace > 0 else "?"
        settings = self._trainer.settings
        characters = pace * settings.seq_length * settings.batch_size
        speed = f"{round(characters):,} characters per second"
        table = Table.grid(padding=(0, 2, 0, 0))
        for style in ("dim", "bold", "dim", "bold"):
            table.add_column(style=style, no_wrap=True)
        elapsed = duration(time.monotonic() - self._begin)
        table.add_row(
            "windows", f"{step:,}" + ("" if total is None else f" of {total:,}"), "elapsed", elapsed
        )
        table.add_row("speed", speed, "left", left)
        return table

    def _loss(self, loss: float) -> Text:
        nats, bits = loss_in_units(loss, self._trainer.settings.seq_length)
        return Text.assemble(("loss     ", "dim"), (nats, "bold"), f", {bits}")

    def _plot(self, width: int, lines: int) -> list[Text]:
        """Return the curve of the loss with its highest and its lowest value at its left."""
        labels = [""] * lines
        labels[0] = _short(self.curve.highest)
        labels[-1] = _short(self.curve.lowest)
        space = max(map(len, labels))
        end = self._trainer.total or max(1, self._trainer.step)
        rows = self.curve.draw(max(1, width - space - 1), lines, end)
        return [
            Text.assemble((f"{label:>{space}} ", "dim"), (row, "cyan"), no_wrap=True)
            for label, row in zip(labels, rows, strict=True)
        ]

    def _latest(self, width: int, lines: int) -> list[Text]:
        """Return the latest sample in always as many lines, so that nothing jumps."""
        if self._sampled_at is None:
            return [Text()] * (lines + 1)
        head = Text(f"sample at window {self._sampled_at:,}", "dim")
        wrapped = Text(visible(self._sample)).wrap(self._console, width, overflow="fold")
        shown = list(wrapped[:lines])
        return [_one_line(head), *shown, *[Text()] * (lines - len(shown))]

    def _footer(self, width: int) -> list[Text]:
        if self._warnings:
            warning = Text(visible(self._warnings[-1], keep=""), "yellow")
            return list(warning.wrap(self._console, width, overflow="fold"))
        saved = self._saver.saved_step
        ago = f"saved at window {saved:,}" if saved is not None else "not saved yet"
        hint = f" stops and saves to {visible(self._saver.path)} ({ago})"
        return [_one_line(Text.assemble(("Ctrl-C", "bold"), hint))]


def _short(value: float) -> str:
    return f"{value:.1f}" if value < _HUGE else f"{value:.2g}"


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text
