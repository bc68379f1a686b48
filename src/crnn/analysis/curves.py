"""Loss curves of trainings, out of their logs: points that can be drawn beside each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from crnn.log import Run
from crnn.training import bits_per_char

__all__ = ["UNITS", "Curve", "RunCurves", "curves_of", "is_comparable"]

Floats: TypeAlias = npt.NDArray[np.floating[Any]]

UNITS: Final = ("bits", "nats")


@dataclass(frozen=True)
class Curve:
    """A loss over a training.

    Attributes
    ----------
    x : (n,) array of float
        Windows trained, or characters: see `curves_of`.
    y : (n,) array of float
        Bits or nats per character, all of them finite.
    """

    x: Floats
    y: Floats


@dataclass(frozen=True)
class RunCurves:
    """The curves of one training.

    Attributes
    ----------
    training : Curve
        The smooth loss.
    validation : Curve
        Of the validation text; empty if there is none.
    """

    training: Curve
    validation: Curve


def is_comparable(runs: Sequence[Run]) -> bool:
    """Tell whether a window is as many characters in all runs."""
    return len({run.seq_length * run.batch_size for run in runs}) == 1


def curves_of(run: Run, unit: str = "bits", *, by_characters: bool = False) -> RunCurves:
    """Return the curves of a training.

    Parameters
    ----------
    run : Run
        Its log.
    unit : {"bits", "nats"}
        Of the losses, per character.
    by_characters : bool
        Whether `x` counts characters trained on instead of windows.

    Returns
    -------
    RunCurves
        Without the points where a loss is no number.

    Raises
    ------
    ValueError
        If the log has no report with a loss yet.

    Examples
    --------
    >>> from crnn.history import Report
    >>> begin = {"settings": {"seq_length": 25, "batch_size": 2}}
    >>> run = Run("log", begin, (Report(99, 50.0, 2.885, val_loss=1.5),))
    >>> curves = curves_of(run, "nats", by_characters=True)
    >>> curves.training.x, curves.training.y, curves.validation.y
    (array([5000.]), array([2.]), array([1.5]))
    """
    if unit not in UNITS:
        raise ValueError(f"unit is {unit!r}, expected 'bits' or 'nats'")
    window = run.seq_length * run.batch_size if by_characters else 1
    of_nats = bits_per_char(1.0, 1) if unit == "bits" else 1.0
    x = [window * (report.iteration + 1) for report in run.reports]
    smooth = [of_nats * report.smooth_loss / run.seq_length for report in run.reports]
    val = [math.nan if r.val_loss is None else of_nats * r.val_loss for r in run.reports]
    curves = RunCurves(_curve(x, smooth), _curve(x, val))
    if not len(curves.training.x):
        raise ValueError(
            f"log {run.path!r} has no report with a loss yet: there is nothing to draw"
        )
    return curves


def _curve(x: list[int], y: list[float]) -> Curve:
    known = np.isfinite(y)
    return Curve(np.array(x, np.float64)[known], np.array(y, np.float64)[known])
