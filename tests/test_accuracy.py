"""exp, log and tanh beside exact values: the measure itself is right, and sees what is wrong."""

from __future__ import annotations

import decimal
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hostile import MODES, hostile, needs_modes

from crnn import accuracy, core, probe
from crnn.accuracy import worst

DTYPES = pytest.mark.parametrize("dtype", accuracy.DTYPES)
FUNCTIONS = pytest.mark.parametrize("function", probe.FUNCTIONS)


def bent(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Let `change(x, y)` alter the results of every kernel in place."""
    evaluate = probe.evaluate

    def changed(isa: str, function: str, x: Any, y: Any, double: bool) -> None:
        evaluate(isa, function, x, y, double)
        change(x, y)

    monkeypatch.setattr(probe, "evaluate", changed)


def test_every_table_is_within_a_unit() -> None:
    isas = core.available_isas()
    found = worst(isas)
    assert len(found) == 2 * 3 * len(isas)
    for about, measured in found.items():
        assert 0.4 < measured.ulps < 1, about  # rounding alone makes nearly one half
    for function, dtype, _ in found:
        assert len({found[function, dtype, isa] for isa in isas}) == 1


@needs_modes
@pytest.mark.parametrize("mode", MODES)
def test_it_measures_the_same_in_any_floating_point_mode(mode: str) -> None:
    wanted = worst(["portable"])
    with hostile(mode):
        got = worst(["portable"])
    assert got == wanted


@DTYPES
@FUNCTIONS
def test_two_units_off_are_seen(function: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(x: Any, y: Any) -> None:
        normal = np.isfinite(y) & (np.abs(y) > 1e-30) & (np.abs(y) < 1e30)
        at = int(np.flatnonzero(normal)[17])
        y[at] = np.nextafter(np.nextafter(y[at], y.dtype.type(np.inf)), y.dtype.type(np.inf))

    bent(monkeypatch, change)
    found = worst(["portable"])[function, dtype, "portable"]
    assert 1.5 <= found.ulps <= 2.5
    assert found.what.count("0x") == 3


@pytest.mark.parametrize("wrong", [np.nan, 0.0, -1.0, np.inf])
@FUNCTIONS
def test_a_result_that_is_far_off_is_seen(
    function: str, wrong: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(x: Any, y: Any) -> None:
        y[10] = wrong

    bent(monkeypatch, change)
    assert worst(["portable"])[function, "float64", "portable"].ulps > 1000


@pytest.mark.parametrize(
    ("function", "x", "wrong"),
    [
        ("exp", np.nan, 0.0),
        ("exp", np.inf, np.finfo(np.float64).max),
        ("exp", -np.inf, 5e-324),
        ("exp", 0.0, 1 + 2**-52),
        ("log", np.nan, 0.0),
        ("log", -1.0, 0.0),
        ("log", 0.0, -710.0),
        ("tanh", -np.inf, -1 + 2**-53),
        ("tanh", 0.0, 5e-324),
    ],
)
def test_special_values_must_be_the_listed_ones(
    function: str, x: float, wrong: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(arguments: Any, y: Any) -> None:
        if y.dtype == np.float64:
            y[np.isnan(arguments) if np.isnan(x) else arguments == x] = wrong

    bent(monkeypatch, change)
    assert worst(["portable"])[function, "float64", "portable"].ulps == math.inf


@DTYPES
def test_the_sign_of_zero_is_special(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bent(monkeypatch, lambda x, y: np.abs(y, out=y, where=y == 0))
    assert worst(["portable"])["tanh", dtype, "portable"].ulps == math.inf


@FUNCTIONS
def test_exact_values_are_pythons_to_its_precision(function: str) -> None:
    with decimal.localcontext(decimal.Context(prec=50)):
        for x in (1e-320, 1e-12, 0.9e-9, 1.1e-9, 0.3, 1.0, 2.5, 19.0):
            got = float(accuracy._exact(function, x))
            assert got == pytest.approx(getattr(math, function)(x), rel=1e-15, abs=5e-324)


def test_the_series_and_the_quotient_of_tanh_meet() -> None:
    with decimal.localcontext(decimal.Context(prec=50)):
        x = accuracy._SERIES_BELOW * Decimal("0.999999")
        series = accuracy._exact("tanh", float(x))
        square = (2 * Decimal(float(x))).exp()
        assert abs(series / ((square - 1) / (square + 1)) - 1) < Decimal("1e-39")


@DTYPES
def test_samples_reach_both_ends(dtype: str) -> None:
    with decimal.localcontext(decimal.Context(prec=50)):
        exps = accuracy._sample("exp", np.dtype(dtype))
        logs = accuracy._sample("log", np.dtype(dtype))
    info = np.finfo(dtype)
    finite = exps.y[np.isfinite(exps.y)]
    assert finite.max() > 0.999 * info.max
    assert 0 < finite[finite > 0].min() <= 2 * info.smallest_subnormal
    assert {info.smallest_subnormal, info.max} <= set(logs.x)
    assert len(exps.x) > 300
