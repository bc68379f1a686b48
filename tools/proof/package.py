"""Check the crnn that this Python imports: a program of its own, for emulators and hostile modes.

    PYTHONPATH=tools python -m proof.package --threads 3      every table, trained in 3 threads
    PYTHONPATH=tools python -m proof.package --host upward    in a process that rounds upward
    PYTHONPATH=tools python -m proof.package --arrays         crnn.bind on arrays of every kind

What it says is one line of JSON: the tables, the cases and the arrays compared, and the faults.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

import crnn
from crnn import core, digests
from crnn.digests import Case
from crnn.model import PARAMETERS
from proof.driver import Promised, Tally, compare
from proof.modes import MODES, control_word, in_force, set_mode

Array = npt.NDArray[Any]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", choices=MODES, default="nearest", help="mode of this process")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="of each training")
    parser.add_argument("--quick", action="store_true", help="only the quick cases")
    parser.add_argument("--arrays", action="store_true", help="of crnn.bind, instead of trainings")
    parser.add_argument("--isa", help="only this table, which must be the one in use")
    asked = parser.parse_args()
    cases = [case for case in digests.cases() if case.quick or not asked.quick]
    tally = Tally()
    if asked.isa and asked.isa != crnn.isa():
        tally.faults.append(f"crnn.isa() is {crnn.isa()}, expected {asked.isa}")
    isas = [asked.isa] if asked.isa else core.available_isas()
    if asked.arrays:
        for case in cases:
            tally.add(bound(case))
    else:
        for case, isa in itertools.product(cases, isas):
            tally.add(trained(case, isa, asked.threads, asked.host))
    print(json.dumps(dataclasses.asdict(tally), default=sorted))


def trained(case: Case, isa: str, threads: int, mode: str) -> Tally:
    """Train a case while this process is in some mode."""
    where = f"{isa} (Python, {mode}, {threads} threads)"
    set_mode(mode)
    before, was = control_word(), in_force(mode)
    arrays = digests.outcome(case, isa, threads)
    after, is_still = control_word(), in_force(mode)
    set_mode("nearest")
    tally = compare(case, where, arrays, Promised())
    tally.tables.add(isa)
    if not was:
        tally.faults.append(f"case {case.name} on {where}: the mode that was set is not in force")
    if before != after or not is_still:
        tally.faults.append(f"case {case.name} on {where}: the mode is another afterwards")
    return tally


# --- Arrays of every kind -------------------------------------------------------------------------


def bound(case: Case) -> Tally:
    """Give crnn.bind the trained parameters in arrays of every kind; all give the same bytes."""
    outcome = digests.outcome(case, crnn.isa())
    tally = Tally(tables={crnn.isa()}, cases={case.name})
    text = digests.text_of(case)
    inputs, targets = text[: case.T].tolist(), text[1 : case.T + 1].tolist()
    parameters = [outcome[name] for name in PARAMETERS]
    state = np.zeros((case.H, 1), case.dtype)
    before = [digests.digest(array) for array in (*parameters, state)]
    for kind, arrays in kinds([*parameters, state]):
        lossFun, _ = crnn.bind(*arrays[:5])
        loss, *gradients, _h = lossFun(inputs, targets, arrays[5])
        limit = np.dtype(case.dtype).type(case.clip)  # bind() itself clips to 5
        gradients = [np.clip(d, -limit, limit) for d in gradients]
        named = {f"d{name}": d for name, d in zip(PARAMETERS, gradients, strict=True)}
        again = {**outcome, "dloss": np.array([loss]), **named}
        where = f"{crnn.isa()} (crnn.bind, {kind})"
        part = compare(case, where, again, Promised())
        tally.arrays += 1 + len(named)
        tally.faults += part.faults
        tally.different += part.different
        if any(digests.digest(a) != wanted for a, wanted in zip(arrays, before, strict=True)):
            tally.faults.append(f"case {case.name} on {where}: the caller's arrays were changed")
    return tally


def kinds(arrays: Sequence[Array]) -> Iterator[tuple[str, list[Array]]]:
    """Yield the same numbers in other places and orders of memory."""
    for offset in range(65):
        yield f"{offset} bytes off", [moved(array, offset) for array in arrays]
    yield "in Fortran order", [np.asfortranarray(array) for array in arrays]
    yield "every second element", [spread(array) for array in arrays]
    yield "backwards in memory", [array[::-1, ::-1].copy()[::-1, ::-1] for array in arrays]
    yield "transposed", [array.T.copy().T for array in arrays]


def moved(array: Array, offset: int) -> Array:
    """Return a copy that begins so many bytes after a multiple of 64."""
    room = np.zeros(array.nbytes + 128, np.uint8)
    start = -room.ctypes.data % 64 + offset
    copy = room[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def spread(array: Array) -> Array:
    """Return a copy with other numbers between its own."""
    room = np.full([2 * size for size in array.shape], 7, array.dtype)
    room[::2, ::2] = array
    return room[::2, ::2]


if __name__ == "__main__":
    main()
