from collections.abc import Sequence
from typing import Self, final

from crnn.core import PARAMETERS as PARAMETERS
from crnn.core import Net
from crnn.memory import Buffer

METHODS: tuple[str, ...]
SCHEDULES: tuple[str, ...]

def product(a: float, b: float) -> float: ...
def falling(u: float) -> float: ...

@final
class Optimizer:
    learning_rate: float
    lowering: float
    steps: int
    running: tuple[float, float, float]
    @property
    def name(self) -> str: ...
    @property
    def memories(self) -> tuple[Buffer, ...]: ...
    @property
    def count(self) -> int: ...
    @property
    def rate(self) -> float: ...
    @rate.setter
    def rate(self, value: float) -> None: ...
    def __new__(
        cls,
        name: str,
        *,
        learning_rate: float,
        clip: float = ...,
        clip_norm: float = ...,
        weight_decay: float = 0,
        momentum: float = 0,
        decay_rate: float = 0.99,
        beta1: float = 0.9,
        beta2: float = 0.999,
        schedule: str = "constant",
        warmup: int = 0,
        decay_every: int = 1,
        decay_factor: float = 1,
        final_rate: float = 0,
        decay_fraction: float = 0,
        steps: int = 1,
        frozen: Sequence[str] = (),
    ) -> Self: ...
    def step(self, net: Net, gradients: Buffer, step: int) -> None: ...
