"""What must hold between results, of whatever size their errors are."""

from __future__ import annotations

import numpy as np

from accuracy.formats import F32, F64, Array


def differences(a: Array, b: Array) -> int:
    """Return how many results differ in a bit; NaNs have no bits.

    >>> differences(np.array([0.0, np.nan, 1.0]), np.array([-0.0, -np.nan, 1.0]))
    1
    """
    bits = F32.bits if a.dtype == F32.real else F64.bits
    differ = a.view(bits) != b.view(bits)
    return int(np.count_nonzero(differ & ~(np.isnan(a) & np.isnan(b)))) if differ.any() else 0


def falls(x: Array, y: Array, start: float) -> int:
    """Return how often y falls where x rises, among neighbours in the arrays from start on.

    >>> x = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, np.nan])
    >>> falls(x, np.array([9.0, 1.0, 2.0, 1.5, np.nan, np.nan]), 0)
    2
    >>> falls(-x, np.array([9.0, 1.0, 2.0, 1.5, 1.5, np.nan]), -np.inf)
    1
    """
    inside = (x >= start)[1:] & (x >= start)[:-1]
    rises, sinks = x[:-1] < x[1:], x[:-1] > x[1:]
    no_fall = np.where(rises, y[:-1] <= y[1:], y[:-1] >= y[1:])
    return int(np.count_nonzero(inside & (rises | sinks) & ~no_fall))
