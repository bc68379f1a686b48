"""The roofline: bounds against hand calculation; what is measured is there. Nothing is timed."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from crnn import core
from crnn.machine import Caches, caches, cpu_name
from crnn.roofline import Limits, bound, measure, sample_bound

# A made-up core: a multiply-add of float32 takes 1 s, of float64 2 s; a byte 1 s from the first
# cache, 10 s from the second, 100 s from beyond.
LIMITS = Limits(
    isa="made up", clock=1.0, float32_peak=1.0, float64_peak=0.5, l1_bytes=100, l2_bytes=1000,
    l3_bytes=0, l1_bandwidth=1.0, l2_bandwidth=0.1, l3_bandwidth=0.01,
)  # fmt: skip


def test_gemms_are_multiply_adds_at_the_peak() -> None:
    assert bound(LIMITS, H=3, V=5, T=7, B=2).gemms == 7 * 2 * (3 * 3 * 5 + 3 * 3)
    assert bound(LIMITS, H=3, V=5, T=7, dtype="float64").gemms == 2 * 7 * (3 * 3 * 5 + 3 * 3)


@pytest.mark.parametrize(
    ("H", "B", "dtype", "product"),
    [
        (5, 1, "float32", 100),  # 100 bytes, all in the first cache; 25 multiply-adds
        (5, 8, "float32", 200),  # 200 multiply-adds
        (5, 1, "float64", 100 + 100 * 10),  # 200 bytes: half of them from the second cache
        (11, 1, "float64", 968 - 100 + 100 + 868 * 9),  # 968 bytes, 868 of them from the second
        (20, 1, "float32", 100 + 1500 * 100),  # 1600 bytes: from beyond
    ],
)
def test_the_recurrence_multiplies_or_reads(H: int, B: int, dtype: str, product: int) -> None:
    least = bound(LIMITS, H=H, V=2, T=4, B=B, dtype=dtype)
    assert least.recurrence == pytest.approx(7 * product)


def test_optimizers_move_bytes_where_they_lie() -> None:
    # H H + H V + H + V = 1 + 3 + 1 + 3 = 8 parameters beside the columns of Wxh.
    sizes: dict[str, Any] = {"H": 1, "V": 3, "T": 2}
    assert bound(LIMITS, **sizes).optimizer == pytest.approx(10 * 4 * 5 * 10)  # 120 bytes
    assert bound(LIMITS, **sizes, columns=1).optimizer == pytest.approx(9 * 4 * 5 * 10)
    assert bound(LIMITS, **sizes, optimizer="adam").optimizer == pytest.approx(11 * 4 * 7 * 10)
    assert bound(LIMITS, **sizes, optimizer=None).optimizer == 0
    near = replace(LIMITS, l1_bytes=120)
    assert bound(near, **sizes).optimizer == pytest.approx(10 * 4 * 5)
    far = replace(LIMITS, l2_bytes=110)
    assert bound(far, **sizes).optimizer == pytest.approx(10 * 4 * 5 * 100)


def test_a_step_takes_the_sum_of_its_parts() -> None:
    least = bound(LIMITS, H=9, V=8, T=7)
    assert least.seconds == math.fsum([least.gemms, least.recurrence, least.optimizer])


def test_a_character_reads_two_matrices() -> None:
    assert sample_bound(LIMITS, H=2, V=3, dtype="float32") == 10 * 4
    assert sample_bound(LIMITS, H=4, V=3, dtype="float64") == pytest.approx(100 + 124 * 10)
    slow = replace(LIMITS, float32_peak=0.01)
    assert sample_bound(slow, H=2, V=3, dtype="float32") == pytest.approx(10 * 100)


@pytest.mark.parametrize("name", ["H", "V", "T", "B"])
@pytest.mark.parametrize("optimizer", ["adagrad", "adam", None])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_more_work_never_takes_less_time(name: str, optimizer: str | None, dtype: str) -> None:
    before = -1.0
    for size in range(1, 60):
        sizes: dict[str, Any] = {"H": 6, "V": 7, "T": 5, "B": 2} | {name: size}
        least = bound(LIMITS, **sizes, optimizer=optimizer, dtype=dtype).seconds
        assert least >= before
        before = least


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"H": 0}, ValueError, "H is 0, expected at least 1"),
        ({"T": 1.5}, TypeError, "T is 1.5, expected an integer"),
        ({"dtype": "int32"}, ValueError, "dtype is 'int32', expected float32 or float64"),
        ({"optimizer": "sgd"}, ValueError, "optimizer is 'sgd', expected 'adagrad', 'adam'"),
        ({"columns": 6}, ValueError, "columns is 6, a window has at most 5 distinct"),
    ],
)
def test_wrong_arguments_are_named(change: Any, error: type[Exception], message: str) -> None:
    arguments: dict[str, Any] = {"H": 4, "V": 9, "T": 5} | change
    with pytest.raises(error, match=message):
        bound(LIMITS, **arguments)


@pytest.mark.parametrize("isa", [None, *core.available_isas()])
def test_what_is_measured_is_positive_and_finite(isa: str | None) -> None:
    figures = asdict(measure(isa, seconds=0.05))
    assert figures.pop("isa") == (isa or core.isa())
    assert figures.pop("l3_bytes") >= 0
    assert all(0 < value < math.inf for value in figures.values())


def test_measuring_names_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="no kernels named 'mmx'"):
        measure("mmx")
    with pytest.raises(ValueError, match="seconds is 0, expected more than 0"):
        measure(seconds=0)


def test_caches_are_what_linux_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {3, 4}, raising=False)
    said = [(1, "Data", "48K"), (1, "Instruction", "32K"), (2, "Unified", "2M"), (3, "?", "x")]
    for number, (level, kind, size) in enumerate(said):
        index = tmp_path / "cpu3" / "cache" / f"index{number}"
        index.mkdir(parents=True)
        for name, value in (("level", level), ("type", kind), ("size", size)):
            (index / name).write_text(f"{value}\n", "ascii")
    (tmp_path / "cpu3" / "cache" / "index9").mkdir()
    assert caches(tmp_path) == Caches(48 * 1024, 2 * 1024**2, 0)


def test_caches_nobody_tells_about_have_usual_sizes(tmp_path: Path) -> None:
    assert caches(tmp_path).l1 >= 1024
    assert Caches() == Caches(32 * 1024, 1024**2, 0)
    assert cpu_name().strip()
