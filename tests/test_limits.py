"""The door to the kernels that are worth timing only. Nothing is timed."""

from __future__ import annotations

import random

import pytest

from crnn import core
from crnn.limits import ROUND, Gauge, dependent_additions
from crnn.memory import Buffer

START = ROUND * (ROUND - 1) // 2  # 0 + 1 + ... + (ROUND - 1)


@pytest.mark.parametrize("isa", core.available_isas())
@pytest.mark.parametrize("double", [False, True])
def test_every_multiply_add_counts(isa: str, double: bool) -> None:
    assert Gauge(isa).multiply_adds(100, 2.0, double) == START + 100 * ROUND * 4
    assert Gauge(isa).multiply_adds(0, 2.0, double) == START


@pytest.mark.parametrize("isa", core.available_isas())
@pytest.mark.parametrize(("double", "width"), [(False, 4), (True, 8)])
def test_every_load_counts(isa: str, double: bool, width: int) -> None:
    block = Buffer(8 * 1000)
    memoryview(block).cast("B")[:] = random.Random(1).randbytes(8 * 1000)
    elements = memoryview(block).cast("B").cast("Q" if double else "I")
    assert elements.itemsize == width
    assert Gauge(isa).loads(block, 3, double) == 3 * sum(elements) % 2 ** (8 * width)


def test_additions_depend_on_each_other() -> None:
    x = 0
    for _ in range(1000):
        x = (x ^ 987654321) + 987654321
    assert dependent_additions(1000, 987654321) == x % 2**64


def test_an_unknown_table_is_named() -> None:
    with pytest.raises(ValueError, match="no kernels named 'mmx'"):
        Gauge("mmx")
