"""A process whose floating-point mode somebody else has set, as a library it loads may do."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from proof.modes import MACHINES, control_word, in_force, set_mode

MODES = ("upward", "downward", "zero", "ftz")

_machine = MACHINES.get(platform.machine())
needs_modes = pytest.mark.skipif(
    _machine is None or not _machine.flush or platform.libc_ver()[0] != "glibc",
    reason="needs to know this platform's fenv.h",
)


@contextmanager
def hostile(mode: str) -> Iterator[None]:
    """Set a mode in this thread; afterwards check that it is still set, and undo it."""
    set_mode(mode)
    before, was = control_word(), in_force(mode)
    try:
        yield
    finally:
        after, still = control_word(), in_force(mode)
        set_mode("nearest")
    assert was, f"the mode {mode} was not in force"
    assert (after, still) == (before, True), f"the mode {mode} was not restored"
