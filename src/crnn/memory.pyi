from typing import Any, Self, final

import numpy as np
import numpy.typing as npt

@final
class Buffer:
    def __new__(cls, nbytes: int) -> Self: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...

def affordable(nbytes: int) -> int: ...
def take_indices(
    values: list[Any] | tuple[Any, ...], ixes: npt.NDArray[np.int32], end: int
) -> bool: ...
