"""Logs: what a training says of itself as lines of JSON, written while it runs and read again.

A log is a file of one JSON object a line: one that describes the training where it begins, then one
for every report. It is only appended to. A training that is resumed begins again where its
checkpoint was, so a line that does not come after the one before replaces all that it does not come
after; `read_log` sees to that. ``docs/reference/log.md`` describes the fields.
"""

from __future__ import annotations

import json
import math
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from crnn import arguments
from crnn.checkpoint import CONTRACT
from crnn.core import PARAMETERS
from crnn.history import Report, table_of
from crnn.seeding import seed_to_json
from crnn.settings import Settings
from crnn.trainer import Trainer

__all__ = ["FORMAT", "Log", "LogError", "Run", "parse_log", "read_log"]

FORMAT: Final = 1
"""Version of the format: another one has fields that this reader would misunderstand."""

_MOST: Final = 2**62  # windows
_QUOTED: Final = 30  # bytes of a file that is no log
_OBJECT: Final = b'{"event": '  # of every line
_BEGINNING: Final = b'{"event": "begin"'  # of the first line, by which a log is known


class LogError(ValueError):
    """A file is no log, or a line of it is not what `Log` writes."""


class Log:
    """Writes the log of a training, line by line as it goes.

    Parameters
    ----------
    path : str or path-like
        The file: made if it is not there, appended to if it is a log.
    trainer : Trainer
        What is logged. The first line describes it as it is now.
    clock : callable, optional
        Returns seconds.

    Raises
    ------
    OSError
        If the file cannot be written.
    LogError
        If it is there and is no log.

    Examples
    --------
    >>> import pathlib, tempfile, crnn
    >>> trainer = crnn.Trainer(crnn.RNN("ab", hidden_size=4), "ab" * 50, report_every=10)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "run.jsonl")
    ...     with Log(path, trainer) as log:
    ...         trainer.train(30, log.report)
    ...     [report.iteration for report in read_log(path).reports]
    [0, 10, 20]
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        trainer: Trainer,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = os.fspath(path)
        self._clock = clock
        self._begin = clock()
        is_torn = _is_torn(self.path)
        try:
            self._file = open(self.path, "a", encoding="utf-8", newline="\n")  # noqa: SIM115
        except OSError as error:
            raise _refused(self.path, error) from error
        try:
            self._write(_description(trainer), "\n" if is_torn else "")
        except BaseException:
            self.close()
            raise

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
            If the file cannot be written any more.
        """
        self._write(
            {
                "event": "report",
                "iteration": report.iteration,
                "smooth_loss": report.smooth_loss,
                "bits_per_char": report.bits_per_char,
                "learning_rate": report.learning_rate,
                "gradient_norm": report.gradient_norm,
                "val_loss": report.val_loss,
                "is_best": report.is_best,
                "listed": report.listed,
                "sample": report.sample,
                "remark": report.remark,
                "seconds": round(self._clock() - self._begin, 3),
            }
        )

    def close(self) -> None:
        """Close the file: every line that was written is in it already."""
        with suppress(OSError):  # once more, of a line that could not be written
            self._file.close()

    def _write(self, line: Mapping[str, Any], before: str = "") -> None:
        values = {name: _number_or_null(value) for name, value in line.items()}
        try:
            self._file.write(f"{before}{json.dumps(values, allow_nan=False)}\n")
            self._file.flush()
        except OSError as error:
            raise _refused(self.path, error) from error


def _refused(path: str, error: OSError) -> OSError:
    return OSError(f"log {path!r} cannot be written: {error.strerror or error}")


def _number_or_null(value: Any) -> Any:
    """Return a value as JSON has it, which knows neither NaN nor infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _is_torn(path: str) -> bool:
    """Tell whether the last line of a log is without an end, after a crash; refuse another file."""
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode) or not found.st_size:  # a pipe, a device, a new file
            return False
        with open(path, "rb") as file:
            beginning = file.read(len(_BEGINNING))
            file.seek(-1, os.SEEK_END)
            end = file.read(1)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _refused(path, error) from error
    if beginning != _BEGINNING:
        raise LogError(f"log {path!r} is there and is no log of crnn: name another file")
    return end != b"\n"


def _description(trainer: Trainer) -> dict[str, Any]:
    """Return the first line: all that a training is made with."""
    from crnn.version import __version__

    model = trainer.model
    return {
        "event": "begin",
        "format": FORMAT,
        "version": __version__,
        "contract": CONTRACT,
        "step": trainer.step,
        "total": trainer.total,
        "parameters": sum(getattr(model, name).size for name in PARAMETERS),
        "vocabulary_size": len(model.vocab),
        "settings": trainer.settings.to_dict(),
        "seed": seed_to_json(trainer.seed),
        **trainer._material.record,
    }


# --- Reading -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """A training as its log tells of it.

    Attributes
    ----------
    path : str
        The log.
    begin : dict
        Its last description: after a resume, that of the training that went on.
    reports : tuple of Report
        All that were not replaced, in order.
    """

    path: str
    begin: dict[str, Any]
    reports: tuple[Report, ...]

    @property
    def seq_length(self) -> int:
        """Characters of a window."""
        return int(self.begin["settings"]["seq_length"])

    @property
    def batch_size(self) -> int:
        """Streams of a window."""
        return int(self.begin["settings"]["batch_size"])

    @property
    def history(self) -> npt.NDArray[np.void]:
        """The table that `Trainer.history` is."""
        return table_of(self.reports)


def read_log(path: str | os.PathLike[str]) -> Run:
    """Read a log.

    Parameters
    ----------
    path : str or path-like
        A file that `Log` wrote. Where it was cut short, by a crash or because it is being written,
        the line without an end is left out.

    Returns
    -------
    Run
        Of several trainings, which one file should not hold, the last.

    Raises
    ------
    OSError
        If it cannot be read.
    LogError
        If it is no log; names the line.

    Examples
    --------
    See `Log`.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            data = file.read()
    except OSError as error:
        raise OSError(f"log {name!r} cannot be read: {error.strerror or error}") from error
    return parse_log(data, name)


def parse_log(data: bytes, name: str = "data") -> Run:
    """Return what the bytes of a log say; `name` is what errors call it, see `read_log`."""
    if data[: len(_OBJECT)] != _OBJECT[: len(data)]:
        raise LogError(
            f"log {name!r} is no log of crnn: it begins with {_shown(data[:_QUOTED])}, expected a "
            "file that crnn train --log wrote"
        )
    begin: dict[str, Any] | None = None
    kept: list[Report] = []
    for number, fields in _parsed(name, data.split(b"\n")):
        with _located(name, number):
            if fields["event"] == "begin":
                begin = _checked_begin(fields)
                _forget(kept, (begin["step"], False))
            elif begin is None:
                raise LogError("expected the description of a training first")
            else:
                report = _report_of(fields)
                _forget(kept, _place(report))
                kept.append(report)
    if begin is None:
        raise LogError(f"log {name!r} is empty, expected the log of a training")
    return Run(name, begin, tuple(kept))


def _parsed(name: str, lines: list[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of lines with their numbers; a line that was cut short is left out."""
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        after = lines[number] if number < len(lines) else b""
        try:
            with _located(name, number):
                fields = _parsed_line(line)
        except LogError:
            if number == len(lines) or after.startswith(_BEGINNING):
                continue
            raise
        yield number, fields


def _parsed_line(line: bytes) -> dict[str, Any]:
    fields = json.loads(line, parse_constant=_refuse_constant)
    if not isinstance(fields, dict) or fields.get("event") not in ("begin", "report"):
        raise LogError(
            f"expected an object whose event is begin or report, it is {_shown(line[:60])}"
        )
    return fields


def _shown(data: bytes) -> str:
    """Return bytes as a person reads them, quoted."""
    return repr(data.decode("utf-8", "replace"))


def _refuse_constant(word: str) -> None:
    raise LogError(f"{word} is no JSON, expected null")


@contextmanager
def _located(name: str, number: int) -> Iterator[None]:
    """Say of everything that is wrong with a line which one it is."""
    try:
        yield
    except KeyError as error:
        raise LogError(f"log {name!r}, line {number:,}: {error} is missing") from error
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise LogError(f"log {name!r}, line {number:,}: {error}") from error


def _checked_begin(fields: dict[str, Any]) -> dict[str, Any]:
    if fields["format"] != FORMAT:
        raise LogError(f"format is {fields['format']!r}, this crnn reads {FORMAT}: get a newer one")
    if not isinstance(fields["settings"], dict):
        raise LogError(f"settings is {fields['settings']!r}, expected an object")
    Settings.from_dict(fields["settings"])
    _windows(fields, "step")
    return fields


def _report_of(fields: dict[str, Any]) -> Report:
    """Return the report that a line was written of."""
    val_loss = _number(fields, "val_loss")
    return Report(
        iteration=_windows(fields, "iteration"),
        smooth_loss=_number(fields, "smooth_loss"),
        bits_per_char=_number(fields, "bits_per_char"),
        sample=None if fields["sample"] is None else str(fields["sample"]),
        learning_rate=_number(fields, "learning_rate"),
        gradient_norm=_number(fields, "gradient_norm"),
        val_loss=val_loss if math.isfinite(val_loss) else None,
        is_best=fields["is_best"] is True,
        listed=fields["listed"] is True,
        remark=str(fields["remark"]),
    )


def _windows(fields: dict[str, Any], name: str) -> int:
    number = arguments.integer(name, fields[name], least=0)
    if number > _MOST:
        raise LogError(f"{name} is {number:,}, expected at most {_MOST:,}")
    return number


def _number(fields: dict[str, Any], name: str) -> float:
    value = fields[name]
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is {value!r}, expected a number or null")
    return float(value)


def _place(report: Report) -> tuple[int, bool]:
    """Return where a report stands among others: a validation comes after the window."""
    return report.iteration, report.val_loss is not None


def _forget(kept: list[Report], place: tuple[int, bool]) -> None:
    """Remove the reports that do not come before a place: the training went back."""
    while kept and _place(kept[-1]) >= place:
        kept.pop()
