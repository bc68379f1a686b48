"""What a training writes into a pipe: the reference's own lines, in its own order.

A validation has a line of its own, whose loss is in nats per character: the reference has none.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from crnn.cli.notes import Notes
from crnn.cli.output import in_terminal, write
from crnn.cli.visible import visible
from crnn.history import Report
from crnn.trainer import Trainer

__all__ = ["Lines", "Silence"]


class Silence:
    """A listener that shows nothing but notes and warnings."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def report(self, report: Report) -> None:
        """Show nothing."""

    def note(self, message: str) -> None:
        """Say it on standard error, unless asked for quiet."""
        self._notes.say(f"Note: {message}")

    def warn(self, message: str) -> None:
        """Say it on standard error."""
        self._notes.warn(message)


class Lines(Silence):
    """A listener that prints what the reference prints, and validations; each line at once.

    Parameters
    ----------
    trainer : Trainer
        What it reports on.
    characters : int
        Length of the text.
    notes : Notes
        Where warnings go.
    """

    def __init__(self, trainer: Trainer, characters: int, notes: Notes) -> None:
        super().__init__(notes)
        self._unique = len(trainer.model.vocab)
        self._characters = characters
        self._report_every = trainer.settings.report_every

    def __enter__(self) -> Self:
        write(f"data has {self._characters} characters, {self._unique} unique.\n")
        return self

    def report(self, report: Report) -> None:
        """Print the sample and the loss, if they are due, or what a validation came to."""
        if report.val_loss is not None:
            loss = f"{report.val_loss:f} nats per character"
            write(f"iter {report.iteration}, validation loss: {loss}\n")
            return
        if report.sample is not None:
            sample = visible(report.sample) if in_terminal() else report.sample
            write(f"----\n {sample} \n----\n")
        if report.listed and report.iteration % self._report_every == 0:
            write(f"iter {report.iteration}, loss: {report.smooth_loss:f}\n")
