"""One training from its first window to its last: reports, checkpoints, and how it is stopped.

A signal only asks the trainer to stop: it returns within a slice of some 20 ms, and everything
after that (saving, saying so) runs as ordinary code which no second signal can interrupt.
"""

from __future__ import annotations

import _thread
import contextlib
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol

import click

from crnn.cli.output import OutputError
from crnn.cli.saver import Saver
from crnn.cli.signals import Signals
from crnn.history import Report
from crnn.trainer import Trainer

__all__ = ["Listener", "run"]

_WATCH_SECONDS = 0.05


class Listener(Protocol):
    """Who shows a training; entered before its first window, left after its last."""

    def __enter__(self) -> object:
        """Begin to show."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Leave the terminal as it was."""
        ...

    def report(self, report: Report) -> None:
        """Show a report of the trainer."""
        ...

    def note(self, message: str) -> None:
        """Show what was decided on the way, as it was asked for."""
        ...

    def warn(self, message: str) -> None:
        """Show that something went wrong though training goes on."""
        ...


def run(trainer: Trainer, saver: Saver, listener: Listener, signals: Signals) -> OutputError | None:
    """Train until the training is over, a signal came or nobody reads any more.

    Parameters
    ----------
    trainer : Trainer
        What is trained.
    saver : Saver
        Saves on the way; what is left at the end the caller saves.
    listener : Listener
        Who shows it.
    signals : Signals
        Entered by the caller.

    Returns
    -------
    OutputError or None
        Why it ended, if that was because nobody reads any more.

    Raises
    ------
    click.ClickException
        If the training cannot go on.
    """

    def wanted() -> bool:
        return signals.received is not None or saver.due()

    def hear(report: Report) -> None:
        if report.is_best:
            saver.keep_best(listener.warn)
        if report.remark and report.val_loss is not None:  # what follows from a validation
            listener.note(report.remark)
        elif report.remark:
            listener.warn(report.remark)
        listener.report(report)

    try:
        with listener, _watched(wanted, trainer.stop):
            while not trainer.is_over and signals.received is None:
                with saver.guarding():
                    trainer.finish(hear, until=saver.next_step())
                saver.check_loss()
                if saver.due() and not trainer.is_over:
                    saver.checkpoint(listener.warn)
    except OutputError as lost:
        return lost
    return None


@contextlib.contextmanager
def _watched(wanted: Callable[[], bool], stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` when it is wanted, from a thread that looks every now and then."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_WATCH_SECONDS):
            if wanted():
                stop()

    try:
        # Not a threading.Thread: its start() waits for ever if there is no memory left for it.
        _thread.start_new_thread(watch, ())
    except RuntimeError as error:
        raise click.ClickException(f"{error}: close other programs, or allow more") from error
    try:
        yield
    finally:
        over.set()
