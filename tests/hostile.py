"""A process whose floating-point mode somebody else has set, as a library it loads may do."""

from __future__ import annotations

import ctypes
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

# Of this platform's fenv.h and processor: the control word's place in the environment, in 32-bit
# words, and the bits of each mode in it.
_X86 = 7, {"upward": 0x4000, "downward": 0x2000, "zero": 0x6000, "flushing": 0x8040}
_ARM = 0, {"upward": 1 << 22, "downward": 2 << 22, "zero": 3 << 22, "flushing": 1 << 24}
_KNOWN = {"x86_64": _X86, "aarch64": _ARM}.get(platform.machine())
_WORDS = 8  # that an environment has, at most

MODES = ("upward", "downward", "zero", "flushing")

needs_modes = pytest.mark.skipif(
    _KNOWN is None or sys.platform != "linux", reason="needs to know this platform's fenv.h"
)


@contextmanager
def hostile(mode: str) -> Iterator[None]:
    """Set a mode in this thread; afterwards check that it is still set, and undo it."""
    assert _KNOWN is not None
    place, modes = _KNOWN
    libm = ctypes.CDLL(None)
    before, wanted, after = ((ctypes.c_uint32 * _WORDS)() for _ in range(3))
    libm.fegetenv(before)
    ctypes.memmove(wanted, before, ctypes.sizeof(before))
    wanted[place] |= modes[mode]
    libm.fesetenv(wanted)
    try:
        yield
    finally:
        libm.fegetenv(after)
        libm.fesetenv(before)
    assert after[place] & modes[mode] == modes[mode], f"the mode {mode} was not restored"
