from typing import Self, final

import numpy as np
import numpy.typing as npt

from crnn.core import Net, State
from crnn.memory import Buffer

def bits_per_char(smooth_loss: float, seq_length: float) -> float: ...
def useful_threads(V: int, H: int, T: int, B: int, most: int, processors: int) -> int: ...

@final
class Training:
    @property
    def memories(self) -> tuple[Buffer, ...]: ...
    @property
    def threads(self) -> int: ...
    def __new__(
        cls,
        net: Net,
        text: npt.NDArray[np.int32],
        T: int,
        B: int,
        optimizer: str,
        learning_rate: float,
        clip: float,
        threads: int = 1,
        processors: int = 1,
    ) -> Self: ...
    def run(self, steps: int) -> None: ...
    @property
    def step(self) -> int: ...
    @property
    def position(self) -> int: ...
    @property
    def loss(self) -> float: ...
    @property
    def smooth_loss(self) -> float: ...
    @property
    def decays(self) -> tuple[float, float]: ...
    def next_input(self) -> int: ...
    def state(self, stream: int = 0) -> State: ...
    def restore(
        self,
        step: int,
        position: int,
        smooth_loss: float,
        states: list[State],
        decays: tuple[float, ...] = (1.0, 1.0),
    ) -> None: ...
