from collections.abc import Sequence
from typing import Any, Self, final

import numpy as np
import numpy.typing as npt

from crnn.core import Net

_Array = npt.NDArray[Any]
_Scores = tuple[npt.NDArray[np.float64], npt.NDArray[np.int32], npt.NDArray[np.float64]]

@final
class Reading:
    def __new__(
        cls,
        net: Net,
        indices: npt.NDArray[np.int32],
        lengths: Sequence[int],
        begin: _Array | None = None,
        scores: _Scores | None = None,
        states: _Array | None = None,
        vectors: _Array | None = None,
        mean: bool = False,
    ) -> Self: ...
    def run(self, characters: int) -> int: ...

def total_of(
    nats: npt.NDArray[np.float64],
    rank: npt.NDArray[np.int32],
    total: float = 0.0,
    count: int = 0,
) -> tuple[float, int]: ...
def mean_of(total: float, count: float) -> float: ...
def exp_of(x: float) -> float: ...
def log_of(x: float) -> float: ...
