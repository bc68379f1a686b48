"""A training that is recorded in files while somebody is shown it."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from crnn.cli.session import Listener
from crnn.history import Report

__all__ = ["Recorded", "Recorder"]


class Recorder(Protocol):
    """A file, or several, that reports are written into."""

    def report(self, report: Report) -> None:
        """Write a report; an OSError if that fails."""
        ...

    def close(self) -> None:
        """Write no more."""
        ...


class Recorded:
    """A listener with files beside it that reports are written into.

    A file that cannot be written any more is a warning and gets no further report; training goes
    on.

    Parameters
    ----------
    listener : Listener
        Who shows the training.
    recorders : sequence of Recorder
        Closed at the end.
    """

    def __init__(self, listener: Listener, recorders: Sequence[Recorder]) -> None:
        self._listener = listener
        self._recorders = list(recorders)

    def __enter__(self) -> Self:
        try:
            self._listener.__enter__()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()
        self._listener.__exit__(kind, error, trace)

    def report(self, report: Report) -> None:
        """Record a report, then show it: who shows it may be gone."""
        for recorder in list(self._recorders):
            try:
                recorder.report(report)
            except OSError as error:
                self._recorders.remove(recorder)
                recorder.close()
                self.warn(f"{error}; training goes on without it")
        self._listener.report(report)

    def note(self, message: str) -> None:
        """Show it."""
        self._listener.note(message)

    def warn(self, message: str) -> None:
        """Show that something went wrong."""
        self._listener.warn(message)

    def _close(self) -> None:
        for recorder in self._recorders:
            recorder.close()
