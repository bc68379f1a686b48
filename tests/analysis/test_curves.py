"""Curves out of logs: units, and which points there are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from crnn.analysis.curves import curves_of, is_comparable
from crnn.history import Report
from crnn.log import Run


def run_of(*reports: Report, seq_length: int = 25, batch_size: int = 1) -> Run:
    return Run("log", {"settings": {"seq_length": seq_length, "batch_size": batch_size}}, reports)


RUN = run_of(
    Report(0, 75.0, 4.3), Report(99, math.inf, math.inf, val_loss=2.0), Report(199, 50.0, 2.9)
)


def test_points_are_those_that_have_a_number() -> None:
    curves = curves_of(RUN, "nats")
    assert (curves.training.x.tolist(), curves.training.y.tolist()) == ([1, 200], [3, 2])
    assert (curves.validation.x.tolist(), curves.validation.y.tolist()) == ([100], [2])


def test_bits_are_nats_over_ln_2_for_both_curves() -> None:
    bits, nats = curves_of(RUN), curves_of(RUN, "nats")
    for one, other in ((bits.training, nats.training), (bits.validation, nats.validation)):
        np.testing.assert_allclose(one.y * math.log(2), other.y, rtol=1e-15)


def test_characters_make_windows_of_different_sizes_comparable() -> None:
    other = run_of(Report(9, 50.0, 2.9), batch_size=4)
    assert is_comparable([RUN, RUN])
    assert not is_comparable([RUN, other])
    assert curves_of(other, by_characters=True).training.x.tolist() == [1000]


def test_what_cannot_be_drawn_is_an_error() -> None:
    with pytest.raises(ValueError, match="log 'log' has no report with a loss yet"):
        curves_of(run_of())
    with pytest.raises(ValueError, match="unit is 'bytes', expected 'bits' or 'nats'"):
        curves_of(RUN, "bytes")
