from typing import Any, Self, final

import numpy as np
import numpy.typing as npt

from crnn.core import Net, State
from crnn.sampling.automaton import Automaton

_Indices = npt.NDArray[np.int32]

@final
class Chooser:
    def __new__(
        cls,
        net: Net,
        bit_generators: list[np.random.PCG64],
        temperature: float,
        *,
        penalty: float = 1.0,
        window: int = -1,
        top_k: int | None = None,
        top_p: float = 1.0,
        min_p: float = 0.0,
        limits: npt.NDArray[np.floating[Any]] | None = None,
        forbidden: Automaton | None = None,
        stops: Automaton | None = None,
        details: bool = False,
    ) -> Self: ...
    @property
    def stuck(self) -> int: ...
    def read(self, indices: _Indices) -> None: ...
    def write(
        self,
        state: State,
        n: int,
        ixes: _Indices,
        logprobs: npt.NDArray[np.float64] | None = None,
    ) -> int: ...
    def keep(self, rows: list[int]) -> None: ...
    def is_over(self, b: int) -> bool: ...
    def found(self, b: int) -> int: ...
    def held(self, b: int) -> int: ...
    def length(self, b: int) -> int: ...
    def ruled_out(self, b: int) -> list[int]: ...
