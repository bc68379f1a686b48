"""The floating-point mode of this process, set as a library that it loads may do it."""

from __future__ import annotations

import ctypes
import platform
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MODES: Final = ("nearest", "upward", "downward", "zero", "ftz")


@dataclass(frozen=True)
class Machine:
    """How the GNU C library knows a processor's modes (fenv.h).

    Attributes
    ----------
    rounding : mapping of str to int
        The constants of fesetround.
    at : int
        Where the control word stands in fenv_t.
    flags : int
        Its bits that are flags of exceptions.
    flush : int
        Its bits that flush subnormal numbers to zero; 0: there are none.
    """

    rounding: Mapping[str, int]
    at: int
    flags: int
    flush: int


MACHINES: Final = {
    "x86_64": Machine({"upward": 0x800, "downward": 0x400, "zero": 0xC00}, 28, 0x3F, 0x8040),
    "aarch64": Machine({"upward": 1 << 22, "downward": 2 << 22, "zero": 3 << 22}, 0, 0, 1 << 24),
    "s390x": Machine({"upward": 2, "downward": 3, "zero": 1}, 0, 0xF8FF00, 0),
}


def set_mode(mode: str) -> None:
    machine, libm = MACHINES[platform.machine()], ctypes.CDLL("libm.so.6")
    libm.fesetenv(ctypes.c_void_p(-1))  # FE_DFL_ENV, on each of these
    if mode == "ftz":
        environment = ctypes.create_string_buffer(64)
        libm.fegetenv(environment)
        (word,) = struct.unpack_from("=I", environment, machine.at)
        struct.pack_into("=I", environment, machine.at, word | machine.flush)
        libm.fesetenv(environment)
    elif mode != "nearest":
        libm.fesetround(machine.rounding[mode])


def control_word() -> int:
    """Return the word with rounding and flushing, without the flags of exceptions."""
    machine, environment = MACHINES[platform.machine()], ctypes.create_string_buffer(64)
    ctypes.CDLL("libm.so.6").fegetenv(environment)
    (word,) = struct.unpack_from("=I", environment, machine.at)
    return int(word) & ~machine.flags


def in_force(mode: str) -> bool:
    """Return whether arithmetic is done in that mode, as its results show."""
    one, little, least, subnormal = 1.0, 2.0**-60, 2.0**-1022, float.fromhex("0x1p-1074")
    above, below, inward = one + little, -one - little, one - little
    seen = (above > 1, below < -1, inward < 1, least / 2 == 0, subnormal * 2.0**1000 == 0)
    return (
        seen
        == {
            "nearest": (False, False, False, False, False),
            "upward": (True, False, False, False, False),
            "downward": (False, True, True, False, False),
            "zero": (False, False, True, False, False),
            "ftz": (False, False, False, True, True),
        }[mode]
    )
