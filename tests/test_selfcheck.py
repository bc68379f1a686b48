"""`crnn.selfcheck`: fine as it is, and whatever is wrong is counted and named."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest
from hostile import MODES, hostile, needs_modes

import crnn
from crnn import accuracy, checks, core, digests, gradcheck

NAMES = ["digests", "threads", "rounding", "functions", "gradients"]
ISAS = tuple(core.available_isas())


@pytest.fixture(scope="module")
def found() -> crnn.SelfCheck:
    return crnn.selfcheck()


def test_all_is_well_here(found: crnn.SelfCheck) -> None:
    assert found.ok, str(found)
    assert [check.name for check in found.checks] == NAMES
    assert (found.crnn, found.contract) == (crnn.__version__, digests.contract())
    assert (found.isa, found.isas) == (crnn.isa(), ISAS)
    by_name = {check.name: check.numbers for check in found.checks}
    cases = digests.cases()
    quick = sum(case.quick for case in cases)
    assert by_name["digests"] == {"compared": (len(ISAS) - 1) * len(cases) + quick, "wrong": 0}
    assert by_name["threads"]["compared"] > 4
    assert by_name["rounding"]["compared"] > 10
    assert len(by_name["functions"]) == 6
    assert max(by_name["gradients"].values()) < checks.GRADIENT_ERROR / 10


def test_it_reads_well_and_fits_a_terminal(found: crnn.SelfCheck) -> None:
    lines = str(found).splitlines()
    assert len(lines) <= 12
    labels = ["crnn", "table", "machine", "python", *["ok"] * 6]
    assert [line.split()[0] for line in lines] == labels
    for line in lines:
        assert len(line) <= 80 or line.startswith(("machine", "crnn")), line
    assert lines[-1].endswith("all 5 checks")
    for part in (*ISAS, crnn.__version__, found.compiler, found.cpu, found.python, found.numpy):
        assert part in str(found), part


def test_it_is_a_value(found: crnn.SelfCheck) -> None:
    assert pickle.loads(pickle.dumps(found)) == found
    facts = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert facts["ok"] is True
    assert [check["name"] for check in facts["checks"]] == NAMES
    assert set(facts["machine"]) == {"cpu", "system", "python", "numpy"}


def test_a_number_that_is_none_is_null_in_json(found: crnn.SelfCheck) -> None:
    check = checks.Check("functions", False, "far off", {"exp float32": np.inf})
    broken = crnn.SelfCheck(**vars(found) | {"checks": (check, *found.checks)})
    assert not broken.ok
    assert broken.to_dict()["checks"][0]["numbers"] == {"exp float32": None}
    assert str(broken).splitlines()[-1] == "FAILED   1 of 6 checks: functions"


@pytest.mark.parametrize("forced", [True, False])
def test_it_says_why_this_table(forced: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRNN_ISA", crnn.isa() if forced else "")
    for name in ("_digests", "_functions", "_gradients"):
        monkeypatch.setattr(checks, name, lambda isas: checks.Check("any", True, ""))
    found = crnn.selfcheck()
    assert found.forced is forced
    assert ("CRNN_ISA" in str(found)) is forced


@needs_modes
@pytest.mark.parametrize("mode", MODES)
def test_it_passes_in_any_floating_point_mode_and_notes_it(mode: str) -> None:
    with hostile(mode):
        rounding = checks._rounding()
        functions, gradients = checks._functions(ISAS), checks._gradients(ISAS)
    assert rounding.ok, rounding.found
    assert functions.ok, functions.found
    assert gradients.ok, gradients.found
    noted = "flushes subnormals" if mode == "ftz" else "does not round to nearest"
    assert noted in rounding.found


# --- What is wrong --------------------------------------------------------------------------------


def spoil(monkeypatch: pytest.MonkeyPatch, isas: tuple[str, ...], threads: int = 1) -> Any:
    """Let some tables move one bit of Whh in two cases; return the first of them."""
    cases = [case for case in digests.cases() if case.H == 33 or case.B == 7]
    outcome = digests.outcome

    def spoiled(case: digests.Case, isa: str | None = None, n: int = 1) -> Any:
        arrays = outcome(case, isa, n)
        if case in cases[:2] and isa in isas and n == threads:
            arrays["Whh"] = arrays["Whh"].copy()
            arrays["Whh"].view(f"u{arrays['Whh'].itemsize}")[3, 2] ^= 1
        return arrays

    monkeypatch.setattr(digests, "outcome", spoiled)
    return cases[0]


@pytest.mark.skipif(len(ISAS) == 1, reason="needs another table, which is right")
def test_a_moved_bit_is_named_with_both_values(monkeypatch: pytest.MonkeyPatch) -> None:
    case, isa = spoil(monkeypatch, ISAS[-1:]), ISAS[-1]
    check = checks._digests(ISAS)
    assert not check.ok
    assert check.numbers["wrong"] == 2
    assert f"case {case.name} on {isa}: Whh[3, 2] is 0x" in check.found
    got, wanted = (int(word, 16) for word in check.found.split() if word.startswith("0x"))
    assert got ^ wanted == 1
    assert check.found.endswith(f"; wrong: 2 of {len(digests.cases())} on {isa}")


def test_a_bit_that_moved_on_every_table_is_counted_on_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = spoil(monkeypatch, ISAS)
    check = checks._digests(ISAS)
    assert check.numbers["wrong"] == 2 * len(ISAS)
    assert f"case {case.name} on {ISAS[-1]}: Whh differs; where, nobody here can" in check.found
    assert check.found.count("2 of ") == len(ISAS)


def test_a_bit_that_moves_with_threads_is_set_beside_one_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = spoil(monkeypatch, ISAS, threads=checks._THREADS)
    check = checks._threads()
    assert not check.ok
    assert f"case {case.name} on {crnn.isa()} in 3 threads: Whh[3, 2] is 0x" in check.found


def test_a_bit_that_moves_with_the_mode_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = digests.outcome

    def spoiled(case: digests.Case, isa: str | None = None, threads: int = 1) -> Any:
        arrays = outcome(case, isa, threads)
        arrays["by"] = arrays["by"] + np.float32(1e-30) + np.float32(1)
        arrays["by"] -= np.float32(1)
        return arrays

    monkeypatch.setattr(digests, "outcome", spoiled)
    check = checks._rounding()
    assert not check.ok
    assert f"on {crnn.isa()} rounding upward: " in check.found


def test_a_function_that_is_off_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = dict(accuracy.worst(ISAS))
    measured["tanh", "float64", ISAS[0]] = accuracy.Worst(2.125, "of 0x1 it is 0x2, expected 0x3")
    monkeypatch.setattr(accuracy, "worst", lambda isas: measured)
    check = checks._functions(ISAS)
    assert not check.ok
    assert check.numbers["tanh float64"] == 2.125
    assert check.found == (
        f"tanh in float64 on {ISAS[0]}: 2.12 ulp off, of 0x1 it is 0x2, expected 0x3; "
        f"wrong: 1 of {len(measured)}"
    )


@pytest.mark.parametrize("factor", [0.99, np.nan])
def test_a_gradient_that_is_off_is_named(factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    right = gradcheck._Window.gradients

    def wrong(window: Any) -> Any:
        gradients = right(window)
        gradients["bh"] *= factor
        return gradients

    monkeypatch.setattr(gradcheck._Window, "gradients", wrong)
    check = checks._gradients(ISAS)
    assert not check.ok
    assert check.numbers["bh"] > 1e-3
    assert f"dbh on {ISAS[0]} is off by " in check.found
    assert check.found.endswith(f"wrong: {len(ISAS)} of {5 * len(ISAS)}")
