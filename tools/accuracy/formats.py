"""The two types of numbers and the three functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]  # of a format's type

FUNCTIONS = ("exp", "log", "tanh")  # in the order of csrc/tests/accuracy.c


@dataclass(frozen=True)
class Format:
    """A type of numbers."""

    name: str
    real: type[np.floating[Any]]
    bits: type[np.unsignedinteger[Any]]
    digits: int
    max_exponent: int  # the greatest number is just below 2^that
    min_exponent: int  # the least number above 0 is 2^that

    @property
    def infinity(self) -> int:
        """The bits of infinity, one more than those of the greatest number."""
        return int(self.real(np.inf).view(self.bits))

    @property
    def sign(self) -> int:
        """The bits of -0."""
        return int(self.real(-0.0).view(self.bits))


F32 = Format("float32", np.float32, np.uint32, 24, 128, -149)
F64 = Format("float64", np.float64, np.uint64, 53, 1024, -1074)
FORMATS = (F32, F64)
