#!/usr/bin/env python3
"""Fit the polynomials of csrc/vmath.h and print them as they stand there.

Each polynomial p is the core of a formula whose other terms are exact or fixed, for example
tanh(a) = a + a^3 p(a^2). What is minimised is the largest relative error of the whole formula, by
the Remez exchange on a grid of Chebyshev points. The leading coefficients are rounded to the target
type one at a time, the lowest first; after each the remaining ones are fitted again, so that they
make up for what the rounding lost. The last ones are rounded together: that is not felt.

The result depends on nothing but this file, as mpmath computes with integers.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from mpmath import mp, mpf  # type: ignore[import-untyped]

Real: TypeAlias = Any  # an mpf; mpmath says nothing of its types
Grid: TypeAlias = list[tuple[Real, Real, Real]]  # point, exact value, weight

mp.prec = 160
GRID = 600  # points of the grid on which the error is levelled
CHECK_GRID = 1777  # and of an unrelated one, on which the error in the comment is measured
REFITS = 7  # coefficients that are rounded one at a time
ROUNDS = 20  # of the exchange at most; it needs about four
TOLERANCE = mpf("0.99")  # a level within 1 % of the largest error is a minimax
TANH_SMALL = mpf(63) / 64  # the constant of that name in vmath.h
PRECISION = {"f32": 24, "f64": 53}
VMATH = Path(__file__).resolve().parents[1] / "csrc" / "vmath.h"


@dataclass(frozen=True)
class Formula:
    """A formula around p. An error d of p(x) is a relative error weight(x) * d of the result."""

    name: str
    about: str  # what the comment in vmath.h says
    core: Callable[[Real], Real]  # the exact p(x); never called with x = 0
    weight: Callable[[Real], Real]
    low: Real
    high: Real
    lengths: dict[str, int]  # type -> number of coefficients


def tanh_core(u: Real) -> Real:
    """Return p of the formula of tanh."""
    x = mp.sqrt(u)
    return (mp.tanh(x) / x - 1) / u


def tanh_weight(u: Real) -> Real:
    """Return the weight of an error of tanh_core."""
    x = mp.sqrt(u)
    return u * x / mp.tanh(x)


FORMULAS = [
    Formula(
        name="exp_core",
        about="e^r = 1 + r + r^2 p(r) for |r| <= 0.3466, a little more than ln(2) / 2",
        core=lambda r: (mp.expm1(r) - r) / r**2,
        weight=lambda r: r**2 * mp.exp(-r),
        low=mpf("-0.3466"),
        high=mpf("0.3466"),
        lengths={"f32": 5, "f64": 10},
    ),
    Formula(
        name="tanh_core",
        about="tanh(a) = a + a^3 p(a^2) for 0 <= a <= 63/64",
        core=tanh_core,
        weight=tanh_weight,
        low=mpf(0),
        high=TANH_SMALL**2,
        lengths={"f32": 7, "f64": 16},
    ),
    Formula(
        name="log_core",
        about="ln(1 + f) = f + f^2 p(f) for |f| <= 1/3",
        core=lambda f: (mp.log1p(f) - f) / f**2,
        weight=lambda f: f**2 / abs(mp.log1p(f)),
        low=mpf(-1) / 3,
        high=mpf(1) / 3,
        lengths={"f32": 10, "f64": 21},
    ),
]


def chebyshev_points(low: Real, high: Real, count: int) -> list[Real]:
    """Return points of (low, high), denser at the ends, none of them 0."""
    middle, radius = (low + high) / 2, (high - low) / 2
    points = [middle - radius * mp.cos((2 * i + 1) * mp.pi / (2 * count)) for i in range(count)]
    return [x for x in points if abs(x) > radius / 10**6]


def horner(coefficients: list[Real], x: Real) -> Real:
    """Return the value at x of the polynomial, lowest coefficient first."""
    value = mpf(0)
    for c in reversed(coefficients):
        value = value * x + c
    return value


def samples(formula: Formula, count: int) -> Grid:
    """Return triples of a point, the exact p and the weight there."""
    points = chebyshev_points(formula.low, formula.high, count)
    return [(x, formula.core(x), formula.weight(x)) for x in points]


def errors(grid: Grid, coefficients: list[Real]) -> list[Real]:
    """Return the relative errors of the formula with these coefficients."""
    return [(horner(coefficients, x) - exact) * weight for x, exact, weight in grid]


def side(x: Real, order: int) -> int:
    """Return the sign of x^order: where it is negative, the free terms push the other way."""
    return -1 if x < 0 and order % 2 else 1


def levelled(
    grid: Grid, reference: list[int], fixed: list[Real], free: int
) -> tuple[list[Real], Real]:
    """Return coefficients with errors +level, -level, ... at the reference points, and level."""
    matrix, right = mp.matrix(free + 1), mp.matrix(free + 1, 1)
    for row, index in enumerate(reference):
        x, exact, weight = grid[index]
        for column in range(free):
            matrix[row, column] = x ** (len(fixed) + column)
        matrix[row, free] = side(x, len(fixed)) * (-1) ** row / weight
        right[row] = exact - horner(fixed, x)
    solution = mp.lu_solve(matrix, right)
    return fixed + [solution[i] for i in range(free)], abs(solution[free])


def alternation(values: list[Real], level: Real) -> list[int]:
    """Return the index of the largest value of each run of one sign; those below level are none."""
    peaks: list[int] = []
    for i, value in enumerate(values):
        if abs(value) < level:
            continue
        if not peaks or (value > 0) != (values[peaks[-1]] > 0):
            peaks.append(i)
        elif abs(value) > abs(values[peaks[-1]]):
            peaks[-1] = i
    return peaks


def trimmed(peaks: list[int], values: list[Real], count: int) -> list[int]:
    """Drop the smaller end until count are left; without an inner one they would not alternate."""
    while len(peaks) > count:
        peaks = peaks[1:] if abs(values[peaks[0]]) < abs(values[peaks[-1]]) else peaks[:-1]
    return peaks


def remez(
    grid: Grid, fixed: list[Real], length: int, reference: list[int]
) -> tuple[list[Real], list[int]]:
    """Return minimax coefficients, the first ones fixed, and the points where they are worst.

    They are the best of all rounds: late rounds can get worse, at the level of the rounding.
    """
    free = length - len(fixed)
    best: tuple[Real, list[Real], list[int]] | None = None
    for _ in range(ROUNDS):
        coefficients, level = levelled(grid, reference, fixed, free)
        values = errors(grid, coefficients)
        largest = max(map(abs, values))
        if best is None or largest < best[0]:
            best = largest, coefficients, reference
        signed = [v * side(x, len(fixed)) for v, (x, _, _) in zip(values, grid, strict=True)]
        peaks = trimmed(alternation(signed, level * TOLERANCE), signed, free + 1)
        if largest * TOLERANCE < level or len(peaks) <= free:
            break
        reference = peaks
    assert best is not None
    return best[1], best[2]


def rounded(x: Real, precision: int) -> Real:
    """Return x with that many bits."""
    with mp.workprec(precision):
        return +x


def fit(formula: Formula, kind: str) -> tuple[list[Real], Real]:
    """Return all coefficients of a formula, rounded, and its largest relative error with them."""
    grid, length = samples(formula, GRID), formula.lengths[kind]
    fixed: list[Real] = []
    reference = [(2 * i + 1) * len(grid) // (2 * length + 2) for i in range(length + 1)]
    for order in range(min(REFITS, length)):
        coefficients, reference = remez(grid, fixed, length, reference)
        fixed.append(rounded(coefficients[order], PRECISION[kind]))
        reference = reference[1:]
    fixed += [rounded(c, PRECISION[kind]) for c in coefficients[REFITS:]]
    return fixed, max(map(abs, errors(samples(formula, CHECK_GRID), fixed)))


def hex_float(x: Real, kind: str) -> str:
    """Return x as a C constant, a float without the zeros that only a double would need."""
    text = float(x).hex()
    if kind == "f64":
        return text
    mantissa, exponent = text.split("p")
    return f"{mantissa.rstrip('0').rstrip('.')}p{exponent}f"


def block(formula: Formula, kind: str) -> str:
    """Return the comment and the array of one formula and type, as C."""
    coefficients, error = fit(formula, kind)
    per_line = {"f32": 5, "f64": 4}[kind]
    texts = [hex_float(c, kind) for c in coefficients]
    rows = [", ".join(texts[i : i + per_line]) for i in range(0, len(texts), per_line)]
    bound = mp.nstr(mp.ceil(10 * mp.log(error, 2)) / 10, 4)
    return (
        f"/* {formula.about}.\n"
        f" * A minimax fit by {Path(__file__).name}: the result's relative error is at most "
        f"2^{bound}. */\n"
        f"static const real {formula.name}[] = {{\n    " + ",\n    ".join(rows) + ",\n};\n"
    )


def spaced_alike(text: str) -> str:
    """Return the text as it would be without a formatter's choice of spaces and lines."""
    return " ".join(text.split())


def check(blocks: list[str], path: Path) -> bool:
    """Return whether the file has every block, word for word; say which it lacks."""
    text = spaced_alike(path.read_text(encoding="utf-8"))
    missing = [b for b in blocks if spaced_alike(b) not in text]
    for b in missing:
        print(f"{path.name} lacks\n\n{b}", file=sys.stderr)
    return not missing


def main() -> None:
    """Print the tables or check those of the file."""
    parser = argparse.ArgumentParser(
        description="Fit the polynomials of csrc/vmath.h from scratch and print them as C tables.",
        epilog="A fit takes some seconds and gives the same digits on every machine.",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="print nothing if the file has exactly these tables, otherwise show those that differ "
        "and exit with status 1",
    )
    parser.add_argument("--file", type=Path, default=VMATH, help="the file to check (csrc/vmath.h)")
    options = parser.parse_args()
    tables = [(kind, [block(f, kind) for f in FORMULAS]) for kind in ("f64", "f32")]
    if options.check:
        sys.exit(0 if check([b for _, blocks in tables for b in blocks], options.file) else 1)
    for kind, blocks in tables:
        print(f"/* {kind} */\n\n" + "\n".join(blocks))


if __name__ == "__main__":
    main()
