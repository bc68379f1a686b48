"""The judge of tools/measure_accuracy.py: what it must catch, and what it must let pass."""

from __future__ import annotations

import numpy as np
import pytest
from accuracy.formats import F32, F64, FORMATS, FUNCTIONS, Array, Format
from accuracy.inputs import hard_cases, random_doubles, structured
from accuracy.judge import Judge, Tally, build
from accuracy.laws import differences, falls


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    folder = tmp_path_factory.mktemp("judge")
    build(folder, "crnn_judge")
    return Judge(folder)


def judged(judge: Judge, kind: Format, function: str, x: Array, y: Array) -> Tally:
    with np.errstate(invalid="ignore"):  # a signalling NaN
        x64, y64 = x.astype(np.float64), y.astype(np.float64)
    return judge.judge(kind, function, x64, y64, judge.exact(kind, function, x64))


def inputs(function: str, kind: Format) -> Array:
    special = structured(function, kind)
    with np.errstate(over="ignore"):  # most random numbers for log are too great for a float
        return np.concatenate([special, random_doubles(function, 1, 0).astype(kind.real)])


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.name)
def test_the_c_library_passes(judge: Judge, function: str, kind: Format) -> None:
    x = inputs(function, kind)
    tally = judged(judge, kind, function, x, judge.libm(kind.real, function, x))
    assert tally.inputs == len(x)
    assert tally.wrong == 0
    assert 0.5 <= tally.largest < 4


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.name)
def test_two_units_too_much_are_caught_wherever_they_are(
    judge: Judge, function: str, kind: Format
) -> None:
    x = np.linspace(1.75, 1.875, 1500).astype(kind.real)
    exact = judge.double_double(function, x.astype(np.float64))
    nearest = np.ldexp(exact.hi, exact.exponent.astype(int)).astype(kind.real)
    assert judged(judge, kind, function, x, nearest).not_nearest == 0
    for place in (0, 1023, 1024, 1499):  # around the blocks in which the judge works
        bits = nearest.view(kind.bits).copy()
        bits[place] += kind.bits(2)
        tally = judged(judge, kind, function, x, bits.view(kind.real))
        assert (tally.not_nearest, tally.wrong) == (1, 0)
        assert 1.5 <= tally.largest <= 2.5
        assert tally.worst == x[place]


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    ("function", "x", "wrong"),
    [
        ("exp", 0.0, 1.0000001),
        ("exp", -np.inf, -0.0),
        ("exp", 1.0, np.nan),
        ("exp", np.nan, 1.0),
        ("exp", -1000.0, -0.0),
        ("log", -1.0, -np.inf),
        ("log", 0.0, np.nan),
        ("log", 1.0, -0.0),
        ("log", np.inf, 3e38),
        ("tanh", 0.0, -0.0),
        ("tanh", -0.0, 0.0),
        ("tanh", np.inf, 0.9999999),
        ("tanh", np.nan, 0.0),
        ("tanh", 1e-30, -1e-30),
    ],
)
def test_what_ieee_arithmetic_requires_is_required(
    judge: Judge, kind: Format, function: str, x: float, wrong: float
) -> None:
    at, y = np.array([x], kind.real), np.array([wrong], kind.real)
    assert judged(judge, kind, function, at, y).wrong == 1


@pytest.mark.parametrize("kind", FORMATS, ids=lambda kind: kind.name)
def test_the_ends_of_the_range(judge: Judge, kind: Format) -> None:
    high, low = {F32: (88.5, -103.0), F64: (709.5, -744.5)}[kind]
    tiny, infinity = np.finfo(kind.real).smallest_subnormal, np.inf
    for x, y, least, most in (
        (low, 2 * tiny, 0.5, 1.5),  # in the least of all units: it is the result that is small
        (low, 4 * tiny, 2, 4),
        (2 * low, 0, 0, 0.5),
        (2 * low, 3 * tiny, 2.5, 3),
        (high, infinity, 1e5, 1e17),
        (2 * high, infinity, 0, 0),
        (2 * high, np.finfo(kind.real).max, 1e5, infinity),
    ):
        tally = judged(judge, kind, "exp", np.array([x], kind.real), np.array([y], kind.real))
        assert tally.wrong == 0
        assert least <= tally.largest <= most


@pytest.mark.parametrize("function", FUNCTIONS)
def test_exact_values_have_twice_the_digits(judge: Judge, function: str) -> None:
    """So close to the middle of two numbers, or to one, that a double sees no difference."""
    x = np.array(hard_cases(function))
    exact = judge.double_double(function, x)
    halves = exact.lo / (np.spacing(np.abs(exact.hi)) / 2)
    assert np.all(np.abs(halves - np.rint(halves)) < 2.0**-46)


def test_a_fall_is_seen_whichever_way_the_inputs_run() -> None:
    x = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, np.nan])
    assert falls(x, np.array([9.0, 1.0, 2.0, 2.0, 3.0, np.nan]), 0) == 0
    assert falls(x, np.array([9.0, 1.0, 2.0, 1.5, 3.0, np.nan]), 0) == 1
    assert falls(x, np.array([9.0, 1.0, 2.0, 1.5, 3.0, np.nan]), -np.inf) == 2
    assert falls(x, np.array([0.0, 1.0, 2.0, np.nan, 3.0, np.nan]), 0) == 2
    assert falls(-x, np.array([9.0, 1.0, 2.0, 1.5, 1.5, np.nan]), -np.inf) == 1


def test_a_bit_is_a_difference_unless_it_is_of_a_nan() -> None:
    assert differences(np.array([0.0, np.nan, 1.0]), np.array([-0.0, -np.nan, 1.0])) == 1
    assert differences(np.array([np.nan, 1.0]), np.array([1.0, np.nan])) == 2
