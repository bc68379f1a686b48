"""The door for whoever examines the arithmetic: functions of a table, floating-point modes."""

from __future__ import annotations

import doctest
import threading
from typing import Any

import numpy as np
import pytest
from hostile import MODES, hostile, needs_modes

from crnn import core, probe

ISAS = pytest.mark.parametrize("isa", core.available_isas())
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


def evaluated(isa: str, function: str, x: Any) -> Any:
    y = np.full_like(x, 7)
    probe.evaluate(isa, function, x, y, x.dtype == np.float64)
    return y


@ISAS
@DTYPES
@pytest.mark.parametrize("function", probe.FUNCTIONS)
def test_it_is_the_function_of_that_name(isa: str, dtype: str, function: str) -> None:
    x = np.linspace(0.1, 20, 37).astype(dtype)
    wanted = getattr(np, function)(x.astype(np.float64))
    got = evaluated(isa, function, x)
    np.testing.assert_allclose(got, wanted, rtol=2 * float(np.finfo(dtype).eps), atol=0)
    assert evaluated(isa, function, x[:0]).size == 0


@needs_modes
@pytest.mark.parametrize("mode", MODES)
def test_the_callers_mode_changes_no_bit(mode: str) -> None:
    x = np.geomspace(1e-320, 30, 101)
    for function in probe.FUNCTIONS:
        wanted = evaluated(core.isa(), function, x)
        with hostile(mode):
            got = evaluated(core.isa(), function, x)
        assert got.tobytes() == wanted.tobytes(), function


@needs_modes
def test_a_mode_is_seen_replaced_and_given_back() -> None:
    assert probe.mode() == (True, True)
    for mode in MODES:
        with hostile(mode):  # which checks that it is set again after the block
            assert probe.mode() == (mode == "ftz", mode != "ftz")
            with probe.Mode():
                assert probe.mode() == (True, True)


def test_rounding_upward_ends_with_its_block_and_is_one_threads() -> None:
    seen: list[Any] = []
    with pytest.raises(KeyError), probe.Mode(upward=True):  # noqa: PT012 - the block is the point
        assert probe.mode() == (False, True)
        one = np.float64(1)
        assert one + np.float64(1e-30) > one
        raise KeyError
    thread = threading.Thread(target=lambda: seen.append(probe.mode()))
    thread.start()
    thread.join()
    assert seen == [probe.mode()] == [(True, True)]


def test_a_mode_is_entered_once_and_left_once() -> None:
    mode = probe.Mode()
    with pytest.raises(RuntimeError, match="was not entered"):
        mode.__exit__(None, None, None)
    with probe.Mode(upward=True) as _:
        seen = probe.mode()
    assert seen == (False, True)
    with mode, pytest.raises(RuntimeError, match="entered already: make another"):
        mode.__enter__()
    assert probe.mode() == (True, True)


def test_a_compiler_is_named() -> None:
    assert probe.COMPILER.split()[0] in {"gcc", "clang"}


@pytest.mark.parametrize(
    ("isa", "function", "y", "message"),
    [
        ("mmx", "exp", np.empty(3), "no kernels named 'mmx'"),
        ("portable", "sin", np.empty(3), "function is 'sin', expected one of exp, log, tanh"),
        ("portable", "exp", np.empty(4), "y: expected 3 elements"),
        ("portable", "exp", np.empty(3, np.float32), "y: expected 3 elements of 8 bytes"),
    ],
)
def test_what_does_not_fit_is_refused(isa: str, function: str, y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        probe.evaluate(isa, function, np.zeros(3), y, True)


def test_a_read_only_result_is_refused() -> None:
    y = np.zeros(3)
    y.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        probe.evaluate("portable", "exp", np.zeros(3), y, True)


def test_examples_of_docstrings_run() -> None:
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    for thing in (probe.evaluate, probe.mode, probe.Mode):
        examples = finder.find(thing, thing.__name__, globs=dict(vars(probe)))
        assert sum(runner.run(example).attempted for example in examples) > 0
    assert runner.summarize(verbose=False).failed == 0
