"""History: what a training says of itself, one report at a time.

A report comes after a window (the reference's ``iter N, loss: S``) or after a validation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from crnn.training import bits_per_char

__all__ = ["COLUMNS", "Report", "rows_of", "table_of"]

COLUMNS: Final = (
    ("iteration", np.int64),
    ("smooth_loss", np.float64),
    ("learning_rate", np.float64),
    ("gradient_norm", np.float64),
    ("val_loss", np.float64),
)
"""Names and types of the columns of a history."""


@dataclass(frozen=True)
class Report:
    """Where a training is, right after one of its windows.

    Attributes
    ----------
    iteration : int
        Number of that window, from 0: the reference's `n`.
    smooth_loss : float
        Nats per window: 0.999 of it and 0.001 of each window's loss.
    bits_per_char : float
        The same in bits per character.
    sample : str or None
        What the model wrote just before that window was trained, if a sample was due.
    learning_rate, gradient_norm : float
        Of that window; the norm of all gradients together, before any clipping, NaN if it was not
        found (in a report of a validation).
    val_loss : float or None
        Nats per character of the validation text, if it was due after that window.
    is_best : bool
        Whether no validation before was as good.
    listed : bool
        Whether it has a row in the history: samples that are due between reports have none.
    remark : str
        What else happened: that the rate was lowered, that the training went back or is over.
    """

    iteration: int
    smooth_loss: float
    bits_per_char: float
    sample: str | None = None
    learning_rate: float = math.nan
    gradient_norm: float = math.nan
    val_loss: float | None = None
    is_best: bool = False
    listed: bool = True
    remark: str = ""


def table_of(reports: Iterable[Report]) -> npt.NDArray[np.void]:
    """Return one row a report, as a structured array with the `COLUMNS`.

    Examples
    --------
    >>> table_of([Report(0, 80.0, 4.6, val_loss=2.5)])["val_loss"]
    array([2.5])
    """
    rows = [
        (
            report.iteration,
            report.smooth_loss,
            report.learning_rate,
            report.gradient_norm,
            math.nan if report.val_loss is None else report.val_loss,
        )
        for report in reports
        if report.listed
    ]
    return np.array(rows, list(COLUMNS))


def rows_of(table: dict[str, npt.NDArray[Any]], seq_length: int) -> list[Report]:
    """Return the reports that the columns of a history are of; samples and remarks are not kept."""
    columns = [table[name].tolist() for name, _ in COLUMNS]
    return [
        Report(
            iteration=iteration,
            smooth_loss=loss,
            bits_per_char=bits_per_char(loss, seq_length),
            learning_rate=rate,
            gradient_norm=norm,
            val_loss=None if math.isnan(val) else val,
        )
        for iteration, loss, rate, norm, val in zip(*columns, strict=True)
    ]
