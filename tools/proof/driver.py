"""The C driver (csrc/tests/train.c): what it is told, what it says, and whether that is right."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numpy.random import PCG64, SeedSequence

from crnn import digests, seeding
from crnn.digests import Case

Array = npt.NDArray[Any]

FLOAT64: Final = ("loss", "smooth_loss", "norm", "rate", "dloss", "val_loss")
INT32: Final = ("sample", "cool_sample")
WORDS: Final = ("init", "schedule", "warmup", "decay_every", "steps")
"""Options that are names or integers; others are float64 or lists."""


@dataclass
class Tally:
    """What was compared, and what was wrong.

    Attributes
    ----------
    tables, cases : set of str
    arrays : int
        How many came and were compared.
    faults : list of str
    different : int
        How many had other bytes than were promised.
    """

    tables: set[str] = field(default_factory=set)
    cases: set[str] = field(default_factory=set)
    arrays: int = 0
    faults: list[str] = field(default_factory=list)
    different: int = 0

    def add(self, other: Tally) -> None:
        self.tables |= other.tables
        self.cases |= other.cases
        self.arrays += other.arrays
        self.faults += other.faults
        self.different += other.different


class Promised:
    """The promised outcomes in full, computed here once each: they have what the digests are of."""

    def __init__(self) -> None:
        self._outcomes: dict[str, Mapping[str, Array]] = {}

    def of(self, case: Case) -> Mapping[str, Array]:
        if case.name not in self._outcomes:
            self._outcomes[case.name] = digests.outcome(case)
        return self._outcomes[case.name]


def known_cases() -> tuple[Case, ...]:
    """Return the cases that the driver can compute: it trains nets, it does not use them."""
    return tuple(case for case in digests.cases() if not case.uses)


def line_of(case: Case) -> str:
    """Return a case as the driver reads it."""
    seed = SeedSequence(case.seed)
    generators = (
        PCG64(SeedSequence(case.text_seed)),
        seeding.child(seed, seeding.WEIGHTS),
        seeding.child(seed, seeding.TRAINING_SAMPLES),
        seeding.child(seed, seeding.DROPOUT),
    )
    states = [generator.state["state"] for generator in generators]
    words: list[object] = [case.name, case.dtype, case.V, case.H, case.T, case.B, case.optimizer]
    words += [_bits_of(number) for number in (case.learning_rate, case.clip)]
    words += [case.windows, case.characters]
    words += [f"{state[name]:032x}" for state in states for name in ("state", "inc")]
    words += [f"{name}={_value_of(name, value)}" for name, value in case.options.items()]
    return " ".join(map(str, words)) + "\n"


def _bits_of(number: float) -> str:
    return struct.pack(">d", number).hex()


def _value_of(name: str, value: Any) -> str:
    """Return an option as the driver reads it."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return str(value) if name in WORDS else _bits_of(value)


def write_cases(file: Path, cases: Iterable[Case]) -> None:
    """Write a file for the driver."""
    file.write_text("".join(map(line_of, cases)), "utf-8")


def outcomes_in(lines: Iterable[str]) -> Iterator[tuple[str, str, dict[str, Array]]]:
    """Yield case, table and flat arrays of each training in the driver's output."""
    at: tuple[str, str] | None = None
    arrays: dict[str, Array] = {}
    for line in lines:
        name, isa, array, *elements = line.rstrip().split(" ", 3)
        if at != (name, isa) or array in arrays:
            if at is not None:
                yield *at, arrays
            at, arrays = (name, isa), {}
        arrays[array] = _array(array, name, elements[0] if elements else "")
    if at is not None:
        yield *at, arrays


def _array(array: str, case: str, elements: str) -> Array:
    """Return the elements of a line; the bits of each stand in hexadecimal, the highest first."""
    if array in INT32:
        dtype = ">i4"
    elif array in FLOAT64 or case.endswith("float64"):
        dtype = ">f8"
    else:
        dtype = ">f4"
    flat: Array = np.frombuffer(bytes.fromhex(elements), dtype)
    return flat.astype(dtype[1:])


def judge(
    lines: Iterable[str], cases: Sequence[Case], tables: Sequence[str], where: str, right: Promised
) -> Tally:
    """Compare the driver's output with the digests.

    Parameters
    ----------
    lines : iterable of str
        The output.
    cases : sequence of Case
        What the driver was told to train.
    tables : sequence of str
        The tables that must have been tried on each of them: no fewer, no others.
    where : str
        What it ran on, for the faults.
    right : Promised
        Where to look for what should have come.
    """
    tally, known = Tally(), {case.name: case for case in cases}
    missing = {(case.name, isa) for case in cases for isa in tables}
    if not missing:
        tally.faults.append(f"{where}: there is nothing to compare")
    for name, isa, flat in outcomes_in(lines):
        if (name, isa) not in missing:
            tally.faults.append(f"{where}: {name} on {isa} was not expected, or not again")
            continue
        missing.remove((name, isa))
        tally.tables.add(isa)
        tally.add(compare(known[name], f"{isa} ({where})", flat, right))
    tally.faults += [f"{where}: {name} on {isa} did not come" for name, isa in sorted(missing)]
    return tally


def compare(case: Case, where: str, arrays: Mapping[str, Array], right: Promised) -> Tally:
    """Compare one outcome with the digests of its case."""
    tally = Tally(cases={case.name}, arrays=len(set(arrays) & set(case.digests)))
    if not case.digests:
        tally.faults.append(f"case {case.name} has no digests: record them")
    if extra := set(arrays) - set(case.digests):
        tally.faults.append(f"case {case.name} on {where}: nothing is promised of {sorted(extra)}")
    if wrong := digests.wrong_arrays(case, arrays):
        tally.different = len(set(wrong) & set(arrays))
        promised = right.of(case)
        shaped = {name: _like(promised.get(name), array) for name, array in arrays.items()}
        tally.faults.append(digests.describe_difference(case, where, shaped, promised))
    return tally


def _like(promised: Array | None, flat: Array) -> Array:
    """Return an array in the shape of the promised one, if it has as many elements."""
    fits = promised is not None and promised.size == flat.size
    return flat.reshape(promised.shape) if promised is not None and fits else flat


def run(
    command: Sequence[str],
    file: Path,
    cases: Sequence[Case],
    tables: Sequence[str],
    right: Promised,
    environment: Mapping[str, str],
) -> Tally:
    """Give the driver the cases in a file, and judge what it says."""
    where = " ".join(command)
    with file.open() as told, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command,
            stdin=told,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **environment},
        )
        assert process.stdout is not None
        with process:
            try:
                tally = judge(process.stdout, cases, tables, where, right)
            except ValueError as error:  # a line that is cut, or none of the driver's
                tally = Tally(faults=[f"{where}: {type(error).__name__}: {error}"])
                process.stdout.read()  # lest the driver ends because nobody listens
        errors.seek(0)
        if process.returncode:
            said = errors.read().strip()
            tally.faults.append(f"{where}: exit status {process.returncode}\n{said}")
    return tally


def tally_from_json(line: str) -> Tally:
    """Return what `proof.package` said."""
    said = json.loads(line)
    sets = {name: set(said[name]) for name in ("tables", "cases")}
    return Tally(**said | sets)
