"""MPFR, which decides what the judge cannot and confirms what it says."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from accuracy.formats import F64, FUNCTIONS, Array, Format
from accuracy.inputs import hard_cases, random_doubles, structured
from accuracy.judge import Judge, Tally

try:
    import gmpy2
except ImportError:
    sys.exit("gmpy2, the door to MPFR, is missing: pip install '.[dev]' brings it")

Real: TypeAlias = Any  # an mpfr; gmpy2 says nothing of its types

EXACT_BITS = 97  # of csrc/tests/exact.h
HARD = 2.0**-48  # a hard case is as near to a number or a middle of two, in units of the last place
AGREE = 1e-7  # of the judge's errors and true ones: ten times what it owes
POINTS = 4000  # at which exact.h is checked, for each function

gmpy2.get_context().precision = 400  # of this thread; the others do without MPFR


def value(function: str, x: float) -> Real:
    """Return f(x)."""
    of = {"exp": gmpy2.exp, "log": gmpy2.log, "tanh": gmpy2.tanh}[function]
    return of(gmpy2.mpfr(x))


def error(kind: Format, exact: Real, y: float) -> Real:
    """Return |y - exact| in units of the last place of the exact value."""
    ulp_exponent = max(gmpy2.frexp(exact)[0] - kind.digits, kind.min_exponent)
    largest = gmpy2.mpfr(2) ** kind.max_exponent
    number = gmpy2.mpfr(y)
    if gmpy2.is_infinite(number):
        number = gmpy2.copy_sign(gmpy2.maxnum(largest, abs(exact)), number)
    return abs(number - exact) / gmpy2.mpfr(2) ** ulp_exponent


def settle(kind: Format, function: str, tally: Tally) -> None:
    """Decide which doubtful results are the nearest ones."""
    for x, y in tally.doubtful:
        tally.not_nearest += error(kind, value(function, x), y) > 0.5
    tally.doubtful = []


def confirms(kind: Format, function: str, tally: Tally, result: Callable[[Array], Array]) -> bool:
    """Return whether the result at the worst input has the error that the judge found."""
    y = float(result(np.array([tally.worst], kind.real))[0])
    return bool(abs(error(kind, value(function, tally.worst), y) - tally.largest) < AGREE)


def worst_of_exact(judge: Judge, function: str) -> float:
    """Return the binary logarithm of the largest relative error of exact.h on some points."""
    points = np.concatenate([structured(function, F64), random_doubles(function, 0, 0)])
    points = points[np.isfinite(points) & (points != 0) & ((points > 0) | (function != "log"))]
    points = points[points != 1]
    some = np.random.Generator(np.random.SFC64(0)).choice(points, POINTS, replace=False)
    some = np.concatenate([some, hard_cases(function)])
    exact = judge.double_double(function, some)
    largest = gmpy2.mpfr(0)
    for x, hi, lo, exponent in zip(some, exact.hi, exact.lo, exact.exponent, strict=True):
        true = value(function, float(np.clip(x, -800, 800)) if function == "exp" else float(x))
        found = (gmpy2.mpfr(float(hi)) + gmpy2.mpfr(float(lo))) * gmpy2.mpfr(2) ** int(exponent)
        largest = gmpy2.maxnum(largest, abs((found - true) / true))
    return float(gmpy2.log2(largest))


def easy_cases() -> list[str]:
    """Return those among the hard cases that are none."""
    easy = []
    for function in FUNCTIONS:
        for x in hard_cases(function):
            exact = value(function, x)
            halves = exact * gmpy2.mpfr(2) ** (F64.digits + 1 - gmpy2.frexp(exact)[0])
            if not abs(halves - gmpy2.rint(halves)) / 2 < HARD:
                easy.append(f"{function}({x.hex()})")
    return easy
