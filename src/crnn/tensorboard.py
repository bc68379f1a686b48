"""Event files for TensorBoard: the reports of a training as curves and samples beside others'.

tensorboardX writes them, which comes with ``crnn[tensorboard]``: of the libraries that write event
files without TensorFlow or PyTorch it is the one that is kept up, and it needs NumPy and protobuf
alone. Of it the synchronous writer is used: the usual one writes in a thread, where the error of a
full disk would be lost.
"""

from __future__ import annotations

import math
import os
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from crnn.history import Report
from crnn.trainer import Trainer
from crnn.training import bits_per_char

__all__ = ["Events"]


class Events:
    """Writes the reports of a training into a folder for TensorBoard.

    Steps are windows trained. In a folder that has events of the same training already, those at
    later steps than it stands at now are replaced: it was resumed.

    Parameters
    ----------
    folder : str or path-like
        Made if it is not there.
    trainer : Trainer
        What is written about.

    Raises
    ------
    ImportError
        If tensorboardX is not installed.
    OSError
        If nothing can be written there.

    Examples
    --------
    >>> import tempfile, crnn
    >>> trainer = crnn.Trainer(crnn.RNN("ab", hidden_size=4), "ab" * 50, report_every=10)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Events(folder, trainer) as events:
    ...         trainer.train(30, events.report)
    ...     len(os.listdir(folder))
    1
    """

    def __init__(self, folder: str | os.PathLike[str], trainer: Trainer) -> None:
        self.folder = os.fspath(folder)
        self._protocol, self._summary, writer = _library()
        try:
            os.makedirs(self.folder, exist_ok=True)
            place = os.path.join(os.path.abspath(self.folder), "events")
            self._writer = writer(place, f".{time.time_ns()}")  # two may begin in one second
        except OSError as error:
            raise self._refused(error) from error
        log = self._protocol.SessionLog(status=self._protocol.SessionLog.START)
        self._write([self._protocol.Event(session_log=log, step=trainer.step)])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def report(self, report: Report) -> None:
        """Write a report; a callback of `Trainer.train`.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        numbers = {
            "bits_per_char/training": report.bits_per_char,
            "learning_rate": report.learning_rate,
            "gradient_norm": report.gradient_norm,
        }
        if report.val_loss is not None:
            numbers["bits_per_char/validation"] = bits_per_char(report.val_loss, 1)
        found = [
            self._summary.scalar(name, number)
            for name, number in numbers.items()
            if math.isfinite(number)
        ]
        if report.sample is not None:
            found.append(self._summary.text("sample", _verbatim(report.sample)))
        step = report.iteration + 1
        self._write([self._protocol.Event(summary=summary, step=step) for summary in found])

    def close(self) -> None:
        """Close the file: all that was written is in it already."""
        with suppress(OSError):  # once more, of an event that could not be written
            self._writer.close()

    def _write(self, events: list[Any]) -> None:
        try:
            for event in events:
                event.wall_time = time.time()
                self._writer.write_event(event)
            self._writer.flush()
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> OSError:
        reason = error.strerror or error
        return OSError(f"tensorboard folder {self.folder!r} cannot be written: {reason}")


def _library() -> tuple[Any, Any, Any]:
    """Return the messages of event files, what makes summaries, and the writer."""
    try:
        from tensorboardX import summary
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto import event_pb2
    except ImportError as error:
        raise ImportError(
            f"event files need tensorboardX, which does not load here ({error}): "
            "pip install 'crnn[tensorboard]'"
        ) from error
    return event_pb2, summary, EventsWriter


def _verbatim(sample: str) -> str:
    """Return a sample as Markdown that shows it as it is."""
    plain = sample.encode("utf-8", "backslashreplace").decode()  # protobuf has no lone surrogates
    return "".join(f"    {line}\n" for line in plain.split("\n"))
