"""Is crnn, as it is installed here, the one that was meant? Checked in about a second.

`selfcheck` computes small trainings whose bytes are known (`crnn.digests`), sets exp, log and tanh
beside exact values, and gradients beside differences (`crnn.gradcheck`), with every kernel table
that this processor can run. What it found is a value that says of itself all that whoever looks for
a mistake wants to know. Nothing is printed here.
"""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from crnn import accuracy, core, digests, gradcheck, probe
from crnn.digests import Case, Outcome
from crnn.machine import cpu_name
from crnn.model import PARAMETERS, RNN
from crnn.version import __version__
from crnn.vocab import Vocab

__all__ = ["Check", "SelfCheck", "selfcheck"]

ULPS: Final = 1.0
"""Units in the last place that a function may be off by, as csrc/vmath.h promises."""
GRADIENT_ERROR: Final = 1e-6
"""What a gradient may be off by: rounding explains a hundredth, a wrong term makes far more."""

_SMALL = 16  # hidden units: a case with fewer takes next to no time
_THREADS = 3  # more than the streams of some cases, fewer than those of others
_HIDDEN, _SCALE = 10, 30.0  # of the model whose gradients are checked: its units are well used
_WIDTH = 9  # of a label and the space behind it


@dataclass(frozen=True)
class Check:
    """One thing that was checked.

    Attributes
    ----------
    name : str
        What.
    ok : bool
        Whether it is as it should be.
    found : str
        What was found, as one line; what is wrong first, if something is.
    numbers : mapping of str to float
        The same as numbers: how many were ``compared`` and how many of them are ``wrong``; the
        largest error of each function and type in units in the last place; the largest relative
        error of the gradient by each parameter.
    """

    name: str
    ok: bool
    found: str
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class SelfCheck:
    """What `selfcheck` found; as a str, what ``crnn selfcheck`` prints.

    Attributes
    ----------
    crnn, contract : str
        Version of the package, and name of the arithmetic that it promises.
    compiler : str
        Which compiled it.
    isa : str
        Table of kernels in use.
    isas : tuple of str
        All that this processor can run, the fastest last.
    forced : bool
        Whether the environment variable ``CRNN_ISA`` asked for the one in use.
    cpu, system, python, numpy : str
        Processor and operating system; versions.
    checks : tuple of Check
        One by one.
    """

    crnn: str
    contract: str
    compiler: str
    isa: str
    isas: tuple[str, ...]
    forced: bool
    cpu: str
    system: str
    python: str
    numpy: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether everything is as it should be."""
        return all(check.ok for check in self.checks)

    def rows(self) -> list[tuple[str, str]]:
        """Return a table of two columns: "ok" or "FAILED" or a label, and a line of text."""
        why = "as CRNN_ISA asks" if self.forced else "the fastest"
        failed = [check.name for check in self.checks if not check.ok]
        total = f"{len(self.checks)} checks"
        return [
            ("crnn", f"{self.crnn}, arithmetic {self.contract}, compiled by {self.compiler}"),
            ("table", f"{self.isa}, {why} of {', '.join(self.isas)}"),
            ("machine", f"{self.cpu}, {self.system}"),
            ("python", f"{self.python}, NumPy {self.numpy}"),
            *((_verdict(check.ok), f"{check.name:<11}{check.found}") for check in self.checks),
            (_verdict(self.ok), f"{len(failed)} of {total}: {', '.join(failed)}" if failed else
             f"all {total}"),
        ]  # fmt: skip

    def __str__(self) -> str:
        """Return the rows as lines."""
        return "\n".join(f"{label:<{_WIDTH}}{text}" for label, text in self.rows())

    def to_dict(self) -> dict[str, Any]:
        """Return everything as what JSON can hold; a number that is none becomes None."""
        return {
            "ok": self.ok,
            "crnn": self.crnn,
            "contract": self.contract,
            "compiler": self.compiler,
            "isa": self.isa,
            "isas": list(self.isas),
            "forced": self.forced,
            "machine": {
                "cpu": self.cpu,
                "system": self.system,
                "python": self.python,
                "numpy": self.numpy,
            },
            "checks": [
                {
                    "name": check.name,
                    "ok": check.ok,
                    "found": check.found,
                    "numbers": {
                        name: number if math.isfinite(number) else None
                        for name, number in check.numbers.items()
                    },
                }
                for check in self.checks
            ],
        }


def _verdict(ok: bool) -> str:
    return "ok" if ok else "FAILED"


def selfcheck() -> SelfCheck:
    """Check this installation on this machine, in about a second.

    With every kernel table that this processor can run: small trainings whose every byte is known,
    also in several threads and while the process rounds upward; the accuracy of exp, log and tanh;
    and gradients beside central differences of the loss.

    Returns
    -------
    SelfCheck
        What was found. It is for bug reports: ``print(crnn.selfcheck())``.

    Examples
    --------
    >>> import crnn
    >>> crnn.selfcheck().ok
    True
    """
    isas = tuple(core.available_isas())
    return SelfCheck(
        crnn=__version__,
        contract=digests.contract(),
        compiler=probe.COMPILER,
        isa=core.isa(),
        isas=isas,
        forced=os.environ.get("CRNN_ISA") == core.isa(),
        cpu=cpu_name(),
        system=platform.platform(),
        python=platform.python_version(),
        numpy=np.__version__,
        checks=(
            _digests(isas),
            _threads(),
            _rounding(),
            _functions(isas),
            _gradients(isas),
        ),
    )


# --- Promised bytes -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Run:
    """One way to compute a case."""

    case: Case
    isa: str
    threads: int = 1
    upward: bool = False

    def outcome(self) -> Outcome:
        if not self.upward:
            return digests.outcome(self.case, self.isa, self.threads)
        with probe.Mode(upward=True):
            return digests.outcome(self.case, self.isa, self.threads)

    def where(self) -> str:
        threads = f" in {self.threads} threads" if self.threads > 1 else ""
        return f"{self.isa}{threads}{' rounding upward' if self.upward else ''}"


def _digests(isas: tuple[str, ...]) -> Check:
    """Compare on every table: all cases, on the slow one those that are quick there."""
    runs = [
        _Run(case, isa)
        for isa in isas[::-1]
        for case in digests.cases()
        if case.quick or isa != "portable"
    ]
    counts = (f"{sum(run.isa == isa for run in runs)} on {isa}" for isa in isas[::-1])
    return _compared("digests", runs, ", ".join(counts))


def _threads() -> Check:
    runs = [_Run(case, core.isa(), _THREADS) for case in digests.cases() if case.B > 1]
    return _compared("threads", runs, f"{len(runs)} with up to {_THREADS} threads")


def _rounding() -> Check:
    """Compare in another floating-point mode than ours, and note if the process has one."""
    small = [case for case in digests.cases() if case.H < _SMALL]
    runs = [_Run(case, core.isa(), upward=True) for case in small]
    nearest, subnormals = probe.mode()
    fine = f"{len(runs)} while the process rounds upward"
    fine += "" if nearest else "; by itself it does not round to nearest"
    fine += "" if subnormals else "; by itself it flushes subnormals"
    return _compared("rounding", runs, fine)


def _compared(name: str, runs: list[_Run], fine: str) -> Check:
    """Compute all runs and name the first that is wrong; `fine`: what they are, if none is."""
    first, wrong = "", []
    for run in runs:
        arrays = run.outcome()
        if digests.wrong_arrays(run.case, arrays):
            first = first or _difference(run, arrays)
            wrong.append(run)
    numbers = {"compared": len(runs), "wrong": len(wrong)}
    if not wrong:
        return Check(name, True, f"cases as promised: {fine}", numbers)
    return Check(name, False, f"{first}; {_count_by_place(wrong, runs)}", numbers)


def _difference(run: _Run, arrays: Outcome) -> str:
    """Return where the outcome of a run differs from that of a table that has the promised one."""
    name = digests.wrong_arrays(run.case, arrays)[0]
    others = (digests.outcome(run.case, isa) for isa in core.available_isas())
    right = next((o for o in others if name not in digests.wrong_arrays(run.case, o)), None)
    return digests.describe_difference(run.case, run.where(), arrays, right)


def _count_by_place(wrong: list[_Run], runs: list[_Run]) -> str:
    places = dict.fromkeys(run.where() for run in wrong)
    return "wrong: " + ", ".join(
        f"{_number_at(place, wrong)} of {_number_at(place, runs)} on {place}" for place in places
    )


def _number_at(place: str, runs: list[_Run]) -> int:
    return sum(run.where() == place for run in runs)


# --- Functions and gradients ----------------------------------------------------------------------


def _functions(isas: tuple[str, ...]) -> Check:
    """Set exp, log and tanh beside their exact values, on every table."""
    worst = accuracy.worst(isas)
    largest: dict[str, float] = {}
    for (function, dtype, _), found in worst.items():
        about = f"{function} {dtype}"
        largest[about] = max(largest.get(about, 0.0), found.ulps)
    wrong = [
        f"{function} in {dtype} on {isa}: {found.ulps:.3g} ulp off, {found.what}"
        for (function, dtype, isa), found in worst.items()
        if not found.ulps <= ULPS
    ]
    if wrong:
        found_wrong = f"{wrong[0]}; wrong: {len(wrong)} of {len(worst)}"
        return Check("functions", False, found_wrong, largest)
    listed = ", ".join(
        f"{function} {max(largest[f'{function} {dtype}'] for dtype in accuracy.DTYPES):.2f}"
        for function in probe.FUNCTIONS
    )
    return Check("functions", True, f"{listed} ulp off at most, in both types", largest)


def _gradients(isas: tuple[str, ...]) -> Check:
    """Set the gradients of a small model beside differences, on every table."""
    text = "to be or not to be, that is the question"
    model = RNN(Vocab.from_text(text), hidden_size=_HIDDEN, dtype="float64", seed=0)
    parameters = {name: _SCALE * getattr(model, name) for name in PARAMETERS}
    indices = model.vocab.encode(text)
    largest, wrong = dict.fromkeys(PARAMETERS, 0.0), []
    for isa in isas:
        for name, error in gradcheck.largest_errors(parameters, indices, isa).items():
            largest[name] = max(largest[name], error)
            if not error <= GRADIENT_ERROR:
                wrong.append(f"d{name} on {isa} is off by {error:.1e}")
    if wrong:
        found = f"{wrong[0]} of itself; wrong: {len(wrong)} of {len(isas) * len(PARAMETERS)}"
        return Check("gradients", False, found, largest)
    found = f"within {max(largest.values()):.1e} of central differences, on every table"
    return Check("gradients", True, found, largest)
