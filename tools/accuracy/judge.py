"""The libraries of csrc/tests that tools/measure_accuracy.py uses: built, loaded, called."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from accuracy.formats import F32, FUNCTIONS, Array, Format

ROOT = Path(__file__).resolve().parents[2]
ROOM = 4096  # doubtful results that one call may have

Apply: TypeAlias = Callable[[Format, str, Array], Array]


def build(folder: Path, *targets: str) -> None:
    """Build targets of csrc/tests in the folder."""
    cmake = shutil.which("cmake")
    if not cmake:
        sys.exit("cmake is missing: pip install '.[test]' brings it")
    ninja = ["-G", "Ninja"] if shutil.which("ninja") and not (folder / "Makefile").exists() else []
    options = ["-DCRNN_PYTHON=OFF", "-DCRNN_TESTS=ON"]
    configure: list[str | Path] = [cmake, "-S", ROOT, "-B", folder, *ninja, *options]
    make: list[str | Path] = [cmake, "--build", folder, "--target", *targets]
    for command in (configure, make):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)


def load(folder: Path, name: str) -> ctypes.CDLL:
    """Load a library that was built there."""
    patterns = (f"lib{name}.so", f"lib{name}.dylib", f"*{name}.dll")
    paths = [path for pattern in patterns for path in folder.rglob(pattern)]
    if not paths:
        sys.exit(f"there is no library {name} below {folder}")
    return ctypes.CDLL(str(paths[0]))


def pointer(array: Array) -> ctypes.c_void_p:
    """Return the address of an array, whose elements must stand in a row."""
    assert array.flags.c_contiguous
    return ctypes.c_void_p(array.ctypes.data)


class CFormat(ctypes.Structure):
    """`format` of accuracy.c."""

    _fields_ = (
        ("digits", ctypes.c_double),
        ("max_exponent", ctypes.c_double),
        ("min_exponent", ctypes.c_double),
    )


class CTally(ctypes.Structure):
    """`tally` of accuracy.c."""

    _fields_ = (
        ("inputs", ctypes.c_int64),
        ("not_nearest", ctypes.c_int64),
        ("doubtful", ctypes.c_int64),
        ("wrong", ctypes.c_int64),
        ("first_wrong", ctypes.c_double),
        ("largest", ctypes.c_double),
        ("worst", ctypes.c_double),
    )


@dataclass
class Tally:
    """What the judge found of one function's results."""

    inputs: int = 0
    not_nearest: int = 0
    wrong: int = 0  # results that are not what IEEE arithmetic requires, or have the wrong sign
    first_wrong: float = 0.0
    largest: float = 0.0  # error in units of the last place
    worst: float = 0.0  # the input that has it
    doubtful: list[tuple[float, float]] = field(
        default_factory=list
    )  # input, result: is it nearest?

    def add(self, other: Tally) -> None:
        """Take in what was found of other results."""
        if other.wrong and not self.wrong:
            self.first_wrong = other.first_wrong
        if other.largest > self.largest:
            self.largest, self.worst = other.largest, other.worst
        self.inputs += other.inputs
        self.not_nearest += other.not_nearest
        self.wrong += other.wrong
        self.doubtful += other.doubtful


@dataclass(frozen=True)
class Exact:
    """Exact values (hi + lo) * 2^exponent; coarse ones are the doubles of the C library."""

    hi: Array
    lo: Array
    exponent: Array
    coarse: bool


class Judge:
    """accuracy.c, and the functions of the C library."""

    def __init__(self, folder: Path) -> None:
        self._library = load(folder, "crnn_judge")

    def exact(self, kind: Format, function: str, x: Array) -> Exact:
        """Return what the results at x (doubles) are measured against."""
        if kind is F32:
            zeros = np.zeros(len(x))
            return Exact(self.libm(np.float64, function, x), zeros, zeros, coarse=True)
        return self.double_double(function, x)

    def double_double(self, function: str, x: Array) -> Exact:
        """Return the exact values at x by exact.h."""
        hi, lo, exponent = np.empty_like(x), np.empty_like(x), np.empty_like(x)
        self._library.exact_values(
            FUNCTIONS.index(function), ctypes.c_ssize_t(len(x)),
            pointer(x), pointer(hi), pointer(lo), pointer(exponent),
        )  # fmt: skip
        return Exact(hi, lo, exponent, coarse=False)

    def libm(self, real: type[np.floating[Any]], function: str, x: Array) -> Array:
        """Return the results of this system's C library."""
        apply = self._library.libm_f32 if real is np.float32 else self._library.libm_f64
        y = np.empty_like(x)
        apply(FUNCTIONS.index(function), ctypes.c_ssize_t(len(x)), pointer(x), pointer(y))
        return y

    def judge(self, kind: Format, function: str, x: Array, y: Array, exact: Exact) -> Tally:
        """Judge the results y at x, both doubles."""
        found, places = CTally(), np.empty(ROOM, np.int64)
        self._library.judge(
            FUNCTIONS.index(function),
            ctypes.byref(CFormat(kind.digits, kind.max_exponent, kind.min_exponent)),
            ctypes.c_ssize_t(len(x)), pointer(x), pointer(y),
            pointer(exact.hi), pointer(exact.lo), pointer(exact.exponent), int(exact.coarse),
            ctypes.byref(found), pointer(places), ctypes.c_ssize_t(ROOM),
        )  # fmt: skip
        if found.doubtful > ROOM:
            raise RuntimeError(f"{found.doubtful} results of {function} could not be decided")
        return Tally(
            found.inputs, found.not_nearest, found.wrong,
            found.first_wrong, found.largest, found.worst,
            [(float(x[i]), float(y[i])) for i in places[: found.doubtful]],
        )  # fmt: skip


class Tables:
    """The kernels of every table that this processor can run."""

    def __init__(self, folder: Path) -> None:
        self._library = load(folder, "crnn_doors")
        self._library.table_name.restype = ctypes.c_char_p
        self.names: list[str] = []  # the fastest last
        while name := self._library.table_name(ctypes.c_size_t(len(self.names))):
            self.names.append(name.decode("ascii"))

    def apply(self, table: str, kind: Format, function: str, x: Array) -> Array:
        """Return the results of one table."""
        apply = self._library.table_f32 if kind is F32 else self._library.table_f64
        y = np.empty_like(x)
        apply(
            table.encode("ascii"), FUNCTIONS.index(function),
            ctypes.c_ssize_t(len(x)), pointer(x), pointer(y),
        )  # fmt: skip
        return y
