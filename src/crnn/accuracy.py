"""How far a table's exp, log and tanh are from the exact values, on a sample of arguments.

Exact values come from Python's decimals, with fifty digits; special ones (of NaN, infinities, zeros
and beyond the borders of the type) are listed.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.random import PCG64, SeedSequence

from crnn import probe
from crnn.digests import bits_of, shown

__all__ = ["DTYPES", "Worst", "worst"]

Floats: TypeAlias = npt.NDArray[np.floating[Any]]

DTYPES: Final = ("float32", "float64")

_DIGITS = 50
_SERIES_BELOW = Decimal("1e-9")  # from there on down, the fourth term of tanh's is the 53rd digit
_POINTS = 50  # of a range


@dataclass(frozen=True)
class Worst:
    """The result of a sample that is farthest from the exact value.

    Attributes
    ----------
    ulps : float
        How far, in units in the last place; infinite if a special value is not the listed one.
    what : str
        The argument, the result, and what was expected, each with its bits.
    """

    ulps: float
    what: str


@dataclass(frozen=True)
class _Sample:
    """Arguments of a function, and what it gives for them.

    Attributes
    ----------
    x, y : numpy.ndarray
        Arguments, and exact results rounded to their type.
    rounding : list of float or None
        By how many units in the last place y is more than the exact result; None for a special
        value: there nothing but y is right.
    """

    x: Floats
    y: Floats
    rounding: list[float | None]


def worst(isas: Iterable[str]) -> dict[tuple[str, str, str], Worst]:
    """Measure every function in both types on some tables.

    Parameters
    ----------
    isas : iterable of str
        Names of the tables.

    Returns
    -------
    dict of (str, str, str) to Worst
        By function, dtype and table.

    Examples
    --------
    >>> found = worst(["portable"])
    >>> found["exp", "float64", "portable"].ulps < 1
    True
    """
    names = list(isas)
    found = {}
    # Decimals are converted and numbers compared by Python and NumPy, which need the usual mode.
    with probe.Mode(), decimal.localcontext(decimal.Context(prec=_DIGITS)):
        for dtype in DTYPES:
            for function in probe.FUNCTIONS:
                sample = _sample(function, np.dtype(dtype))
                for isa in names:
                    y = np.empty_like(sample.x)
                    probe.evaluate(isa, function, sample.x, y, dtype == "float64")
                    found[function, dtype, isa] = _worst(sample, y)
    return found


def _worst(sample: _Sample, y: Floats) -> Worst:
    got, right = bits_of(y).tolist(), bits_of(sample.y).tolist()
    sign = 1 << 8 * y.itemsize - 1
    errors = [_error(*bits, sign) for bits in zip(got, right, sample.rounding, strict=True)]
    at = errors.index(max(errors))
    x, result, expected = (shown(array, (at,)) for array in (sample.x, y, sample.y))
    return Worst(errors[at], f"of {x} it is {result}, expected {expected}")


def _error(got: int, right: int, rounding: float | None, sign: int) -> float:
    """Return by how many units in the last place a number is off; all are given as their bits.

    `sign`: the bit of the sign.
    """
    if rounding is None:
        return 0.0 if got == right else math.inf
    # Of all numbers in their order, the one with these bits is number so and so.
    number, right_number = (bits if bits < sign else sign - bits for bits in (got, right))
    return abs(number - right_number + rounding)


def _sample(function: str, dtype: np.dtype[Any]) -> _Sample:
    ranges, specials = _arguments(function, dtype)
    general = np.concatenate([_spread(dtype, *ends) for ends in ranges])
    results = [_rounded(dtype, _exact(function, x)) for x in general.tolist()]
    return _Sample(
        np.concatenate([general, np.array([x for x, _ in specials], dtype)]),
        np.array([y for y, _ in results] + [y for _, y in specials], dtype),
        [rounding for _, rounding in results] + [None] * len(specials),
    )


def _arguments(
    function: str, dtype: np.dtype[Any]
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return ranges of arguments, and the special ones with what they give."""
    info = np.finfo(dtype)
    least, normal = float(info.smallest_subnormal), float(info.smallest_normal)
    greatest = float(info.max)
    inf, nan = math.inf, math.nan
    if function == "exp":
        high = _towards_zero(dtype, Decimal(greatest).ln())
        low = _towards_zero(dtype, Decimal(least).ln())
        over = float(np.nextafter(dtype.type(high), dtype.type(inf)))
        tiny = 2.0**-30
        ranges = [(tiny, 1.0), (-tiny, -1.0), (1.0, high), (-1.0, low)]
        ranges += [(0.99 * high, high), (0.9 * low, low)]
        specials = [(inf, inf), (-inf, 0.0), (0.0, 1.0), (-0.0, 1.0), (over, inf), (2 * low, 0.0)]
    elif function == "log":
        ranges = [(least, normal), (normal, greatest), (0.5, 1.0), (1.0, 2.0)]
        specials = [(inf, inf), (-inf, nan), (-1.0, nan), (0.0, -inf), (-0.0, -inf), (1.0, 0.0)]
    else:
        ranges = [(least, 2.0**-12), (2.0**-12, 1.0), (1.0, 20.0)]
        ranges += [(-low, -high) for low, high in ranges]
        specials = [(inf, 1.0), (-inf, -1.0), (0.0, 0.0), (-0.0, -0.0), (greatest, 1.0)]
    return ranges, [(nan, nan), *specials]


def _spread(dtype: np.dtype[Any], begin: float, end: float) -> Floats:
    """Return numbers between two of one sign, and both, as dense as the type's own numbers are."""
    low, high = bits_of(np.array([begin, end], dtype)).tolist()
    raw = PCG64(SeedSequence(0)).random_raw(_POINTS).tolist()
    bits = [low, high, *(low + ((high - low) * number >> 64) for number in raw)]
    return np.array(bits, f"u{dtype.itemsize}").view(dtype)


def _exact(function: str, number: float) -> Decimal:
    x = +Decimal(number)  # rounded to the digits of the context: subnormal numbers have hundreds
    if function == "exp":
        return x.exp()
    if function == "log":
        return x.ln()
    if abs(x) < _SERIES_BELOW:  # where the quotient below loses digits
        return x - x**3 / 3 + 2 * x**5 / 15
    square = (2 * x).exp()
    return (square - 1) / (square + 1)


def _towards_zero(dtype: np.dtype[Any], exact: Decimal) -> float:
    """Return the nearest number of a type that is not farther from 0."""
    number = dtype.type(float(exact))
    if abs(Decimal(float(number))) > abs(exact):
        number = np.nextafter(number, dtype.type(0))
    return float(number)


def _rounded(dtype: np.dtype[Any], exact: Decimal) -> tuple[float, float]:
    """Return the nearest number of a type, and by how many units in the last place it is more."""
    number = float(dtype.type(float(exact)))
    unit = float(np.spacing(dtype.type(abs(_towards_zero(dtype, exact)))))
    return number, float((Decimal(number) - exact) / Decimal(unit))
