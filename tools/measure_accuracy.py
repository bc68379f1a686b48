#!/usr/bin/env python3
"""Measure how far exp, log and tanh of csrc/vmath.h are from the exact values.

    python tools/measure_accuracy.py --jobs 2    all floats, 10^9 doubles a function: the release,
                                                 18 minutes on two cores of a Zen 4
    python tools/measure_accuracy.py --quick     a sample of both: CI, a quarter of a minute

The largest error in units of the last place (ulp) is printed with the input that has it, beside
those of this system's C library and of NumPy on the same inputs. Exit status 1 if a bar is missed:

    at most 1 ulp; NaN, infinities and signs of zero as IEEE arithmetic requires them, exp(0) = 1;
    |tanh| <= 1, tanh(-x) = -tanh(x); the same bits in every table; in float32 never decreasing.

float32 results are measured against the C library's double functions, those in float64 against
double-doubles (csrc/tests/exact.h). Both are checked in the same run. Where they leave open what is
correctly rounded, MPFR decides (gmpy2), and it confirms every largest error.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from accuracy import inputs, referee
from accuracy.formats import F32, F64, FORMATS, FUNCTIONS, Array, Format
from accuracy.judge import ROOT, Judge, Tables, Tally, build
from accuracy.laws import differences, falls

BAR = 1.0  # ulp
LIBM_BAR = 4.0  # ulp that judge.COARSE allows the C library's double functions
CHUNKS_AT_ONCE = 64  # that a thread takes at a time
QUICK_SAMPLE, QUICK_RANDOM = 1 << 24, 2_000_000

Chunk = Callable[[], Array]


@dataclass
class Findings:
    """What was found of one function in one type."""

    tallies: dict[str, Tally] = field(default_factory=dict)  # by implementation, ours first
    failures: dict[str, int] = field(default_factory=dict)  # what must not be, and how often it was

    def add(self, other: Findings) -> None:
        for name, tally in other.tallies.items():
            self.tallies.setdefault(name, Tally()).add(tally)
        for what, count in other.failures.items():
            self.failures[what] = self.failures.get(what, 0) + count


class Measurement:
    """One function in one type, by every implementation."""

    def __init__(self, judge: Judge, tables: Tables, kind: Format, function: str) -> None:
        self.judge, self.tables, self.kind, self.function = judge, tables, kind, function
        self.implementations: dict[str, Callable[[Array], Array]] = {
            "crnn": partial(tables.apply, tables.names[-1], kind, function),
            " ".join(platform.libc_ver()).strip() or "C library": partial(
                judge.libm, kind.real, function
            ),
            f"NumPy {np.__version__}": getattr(np, function),
        }

    def measure(self, x: Array) -> Findings:
        with np.errstate(all="ignore"):  # of NumPy's functions, and of signalling NaNs in casts
            return self._measure(x)

    def _measure(self, x: Array) -> Findings:
        findings = Findings()
        own = slice(inputs.CHUNK)  # one more belongs to the next chunk
        x64 = x[own].astype(np.float64)
        exact = self.judge.exact(self.kind, self.function, x64)
        for name, apply in self.implementations.items():
            y = apply(x)
            y64 = y[own].astype(np.float64)
            tally = self.judge.judge(self.kind, self.function, x64, y64, exact)
            findings.tallies[name] = tally
            if name == "crnn":
                findings.failures = self.failures(x, y)
        return findings

    def failures(self, x: Array, y: Array) -> dict[str, int]:
        """Count what our results y must not be."""
        counts = {}
        for table in self.tables.names[:-1]:
            other = self.tables.apply(table, self.kind, self.function, x)
            counts[f"another result in the {table} table"] = differences(y, other)
        if self.kind is F32:
            counts["decreasing"] = falls(x, y, 0 if self.function == "log" else -np.inf)
        if self.function == "tanh":
            mirrored = self.implementations["crnn"](-x)
            counts["tanh(-x) is not -tanh(x)"] = differences(-y, mirrored)
            counts["beyond 1"] = int(np.count_nonzero(~(np.abs(y) <= 1) & ~np.isnan(x)))
        return counts


def chunks(kind: Format, function: str, options: argparse.Namespace) -> Iterator[Chunk]:
    """Yield what makes the inputs of one function, a chunk at a time."""
    if kind is F64 or options.sample:
        special = inputs.structured(function, kind)
        for start in range(0, len(special), inputs.CHUNK):
            yield partial(special.__getitem__, slice(start, start + inputs.CHUNK + 1))
    if kind is F64:
        for number in range(-(-options.random // inputs.CHUNK)):
            yield partial(inputs.random_doubles, function, options.seed, number)
    elif options.sample:
        spacing = max(1, (1 << 32) * inputs.RUN // options.sample)
        step = inputs.CHUNK // inputs.RUN * spacing
        for start in range(0, 1 << 32, step):
            count = min(step, (1 << 32) - start)
            yield partial(inputs.sampled_floats, start, count, spacing)
    else:
        for start in range(0, 1 << 32, inputs.CHUNK):
            yield partial(inputs.every_float, start, inputs.CHUNK)


def measure_all(measurement: Measurement, todo: list[Chunk], jobs: int) -> Findings:
    """Measure all chunks in threads: the C functions and NumPy's let them run."""

    def measure_some(some: list[Chunk]) -> Findings:
        found = Findings()
        for chunk in some:
            found.add(measurement.measure(chunk()))
        return found

    title = f"{measurement.function} {measurement.kind.name}"
    parts = [todo[i : i + CHUNKS_AT_ONCE] for i in range(0, len(todo), CHUNKS_AT_ONCE)]
    total, start = Findings(), time.monotonic()
    with ThreadPoolExecutor(jobs) as pool:
        for done, found in enumerate(pool.map(measure_some, parts), 1):
            total.add(found)
            seconds = time.monotonic() - start
            print(f"\r{title}: {done / len(parts):4.0%} {seconds:5.0f} s", end="", file=sys.stderr)
    print(file=sys.stderr)
    return total


def missed(measurement: Measurement, findings: Findings) -> list[str]:
    """Return the bars that were missed. MPFR has the last word."""
    lines = []
    title = f"{measurement.function} {measurement.kind.name}"
    for name, tally in findings.tallies.items():
        referee.settle(measurement.kind, measurement.function, tally)
        result = measurement.implementations[name]
        if not referee.confirms(measurement.kind, measurement.function, tally, result):
            lines.append(f"{title}: MPFR finds another error of {name} at {tally.worst.hex()}")
    ours, libm, _ = findings.tallies.values()
    if not ours.largest <= BAR:
        lines.append(f"{title}: {ours.largest:.4f} ulp at {ours.worst.hex()}, more than {BAR}")
    if ours.wrong:
        lines.append(f"{title}: {ours.wrong} wrong results, the first at {ours.first_wrong.hex()}")
    if measurement.kind is F64 and not libm.largest <= LIBM_BAR:
        lines.append(f"{title}: the C library is no measure for float32: {libm.largest:.1f} ulp")
    return lines + [
        f"{title}: {what}: {count}" for what, count in findings.failures.items() if count
    ]


def rows(measurement: Measurement, findings: Findings) -> Iterator[str]:
    """Yield the lines of the table of one function and type."""
    for name, tally in findings.tallies.items():
        wrong = f"  {tally.wrong} wrong" if tally.wrong else ""
        yield (
            f"{measurement.function:<5}{measurement.kind.name:<9}{tally.inputs:>13,}  {name:<13}"
            f"{tally.largest:>8.4f}  {tally.worst.hex():<25}"
            f"{tally.not_nearest / tally.inputs:>9.4%}{wrong}"
        )


HEADING = (
    f"{'':<5}{'':<9}{'inputs':>13}  {'':<13}{'max ulp':>8}  {'at':<25}{'not nearest':>11}"
)  # fmt: skip


def check_references(judge: Judge) -> list[str]:
    """Compare what errors are measured against with MPFR; return what is not as it should be."""
    lines = [f"{case} is no hard case" for case in referee.easy_cases()]
    for function in FUNCTIONS:
        bits = referee.worst_of_exact(judge, function)
        print(f"exact.h, {function}: the relative error is at most 2^{bits:.1f}")
        if not bits <= -referee.EXACT_BITS:
            lines.append(f"exact.h, {function}: more than 2^-{referee.EXACT_BITS}")
    return lines


def parse() -> argparse.Namespace:
    about, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=about,
        epilog=details,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--quick", action="store_true",
        help=f"--sample {QUICK_SAMPLE} --random {QUICK_RANDOM}: some seconds")  # fmt: skip
    add("--sample", type=int, metavar="N",
        help=f"about N floats instead of all 2^32, in even runs of {inputs.RUN}")  # fmt: skip
    add("--random", type=int, metavar="N", default=10**9,
        help="random doubles a function, beside the structured ones (10^9)")  # fmt: skip
    add("--seed", type=int, default=1, help="of the random doubles (1)")
    add("--type", choices=[kind.name for kind in FORMATS], help="only this type")
    add("--function", choices=FUNCTIONS, help="only this function")
    add("--jobs", type=int, default=1, metavar="N", help="threads (1)")
    add("--build", type=Path, default=ROOT / "build" / "accuracy", metavar="FOLDER",
        help="where the C code is built (build/accuracy)")  # fmt: skip
    options = parser.parse_args()
    if options.quick:
        options.sample, options.random = QUICK_SAMPLE, QUICK_RANDOM
    return options


def main() -> None:
    options = parse()
    start = time.monotonic()
    build(options.build, "crnn_judge", "crnn_doors")
    judge, tables = Judge(options.build), Tables(options.build)
    print(f"Tables: {', '.join(tables.names)}; measured is the last one, the others are compared.")
    lines = check_references(judge)
    print(f"\n{HEADING}")
    for function in FUNCTIONS:
        for kind in FORMATS:
            if options.type in (None, kind.name) and options.function in (None, function):
                measurement = Measurement(judge, tables, kind, function)
                todo = list(chunks(kind, function, options))
                findings = measure_all(measurement, todo, options.jobs)
                lines += missed(measurement, findings)
                print("\n".join(rows(measurement, findings)), flush=True)
    print(f"\n{time.monotonic() - start:.0f} s")
    if lines:
        sys.exit("\n".join(["Bars that were missed:", *lines]))
    print("No bar was missed.")


if __name__ == "__main__":
    main()
