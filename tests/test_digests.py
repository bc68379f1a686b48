"""The list of digests: every table and any number of threads gives the promised bytes."""

from __future__ import annotations

import numpy as np
import pytest
from oracle import contract

from crnn import checkpoint, core, descent, digests, initial
from crnn.digests import Case

OPTIMIZERS = set(contract.OPTIMIZERS)
CASES = pytest.mark.parametrize("case", digests.cases(), ids=lambda case: case.name)


@CASES
@pytest.mark.parametrize("isa", core.available_isas())
def test_every_table_gives_the_promised_bytes(case: Case, isa: str) -> None:
    arrays = digests.outcome(case, isa)
    assert set(arrays) == set(case.digests)
    if digests.wrong_arrays(case, arrays):
        others = (digests.outcome(case, other) for other in core.available_isas())
        right = next((o for o in others if not digests.wrong_arrays(case, o)), None)
        pytest.fail(digests.describe_difference(case, isa, arrays, right))


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_no_byte(threads: int) -> None:
    several = [case for case in digests.cases() if case.B > 1]
    assert len(several) > 4
    for case in several:
        assert digests.wrong_arrays(case, digests.outcome(case, threads=threads)) == []


def test_the_list_is_of_the_contract_that_checkpoints_name() -> None:
    assert digests.contract() == checkpoint.CONTRACT


def test_the_list_covers_both_types_odd_sizes_and_all_optimizers() -> None:
    cases = digests.cases()
    assert len({case.name for case in cases}) == len(cases) >= 24
    for dtype in ("float32", "float64"):
        mine = [case for case in cases if case.dtype == dtype]
        sizes = {size for case in mine for size in (case.V, case.H)}
        assert sizes >= {1, 2, 3, 7, 15, 16, 17, 31, 33, 100, 257}
        decaying = {case.optimizer for case in mine if case.options.get("weight_decay", 0) > 0}
        others = {case.optimizer for case in mine if "weight_decay" not in case.options}
        assert decaying == others == set(descent.METHODS) == OPTIMIZERS
        assert max(case.B for case in mine) > 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_list_covers_every_option(dtype: str) -> None:
    mine = [case for case in digests.cases() if case.dtype == dtype]
    names = {name for case in mine for name in case.options}
    assert names == set(contract.Options._fields)
    for name, values in {"init": initial.WAYS, "schedule": descent.SCHEDULES}.items():
        assert {case.options.get(name, values[0]) for case in mine} == set(values)
    assert {case.B > 1 for case in mine if "dropout" in case.options and case.H % 4} == {
        True,
        False,
    }
    apart = [case for case in mine if "starts" in case.options]
    assert {case.B > 1 for case in apart} == {True, False}
    for case in apart:
        lengths = np.diff([*case.options["starts"], case.characters])
        assert lengths.min() == 1
        assert lengths.max() > case.T
    assert any(cut(case) for case in apart)


def cut(case: Case) -> list[int]:
    """Return the borders of parts that are within documents."""
    borders = range(0, case.characters // case.B * case.B, case.characters // case.B)
    return sorted(set(borders) - set(case.options["starts"]))


def test_norms_are_limited_in_some_cases_and_not_in_others() -> None:
    limited = [case for case in digests.cases() if "clip_norm" in case.options]
    acts = {
        (case.dtype, bool(np.any(digests.outcome(case)["norm"] > case.options["clip_norm"])))
        for case in limited
    }
    assert len(acts) == 4


def test_a_differing_element_is_named_with_both_values() -> None:
    case = next(case for case in digests.cases() if case.name.startswith("V7-H15"))
    right = digests.outcome(case)
    wrong = {name: array.copy() for name, array in right.items()}
    wrong["Whh"][3, 4] = np.nextafter(wrong["Whh"][3, 4], np.float32(9))
    wrong["by"][0, 0] = np.nan
    assert digests.wrong_arrays(case, wrong) == ["Whh", "by"]
    line = digests.describe_difference(case, "avx9", wrong, right)
    got, promised = (int(o["Whh"].view("u4")[3, 4]) for o in (wrong, right))
    assert f"case {case.name} on avx9: Whh[3, 4] is 0x{got:08x} (" in line
    assert f"expected 0x{promised:08x} (" in line
    assert "nobody here" in digests.describe_difference(case, "avx9", wrong, None)
    del wrong["Whh"]
    assert "Whh is missing" in digests.describe_difference(case, "avx9", wrong, right)


def test_zeros_of_either_sign_differ_and_nans_do_not() -> None:
    assert digests.digest(np.array([0.0])) != digests.digest(np.array([-0.0]))
    assert digests.digest(np.array([np.nan])) == digests.digest(-np.array([np.nan]))
