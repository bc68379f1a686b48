from typing import Any, Self, final

import numpy as np
import numpy.typing as npt

from crnn.memory import Buffer

_Array = npt.NDArray[Any]
_Indices = npt.NDArray[np.int32]
_Parameters = tuple[_Array, ...]

PARAMETERS: tuple[str, ...]

def available_isas() -> list[str]: ...
def isa() -> str: ...

@final
class Net:
    @property
    def block(self) -> Buffer: ...
    def __new__(cls, V: int, H: int, double: bool, isa: str | None = None) -> Self: ...
    def layout(self) -> dict[str, tuple[int, tuple[int, int], tuple[int, int]]]: ...

@final
class Window:
    def __new__(cls, net: Net, T: int, B: int = 1, in_rows: bool = False) -> Self: ...

@final
class State:
    @property
    def B(self) -> int: ...
    @property
    def block(self) -> Buffer: ...
    @property
    def multiply_adds(self) -> int: ...
    def __new__(cls, net: Net, B: int = 1) -> Self: ...
    def layout(self) -> tuple[tuple[int, int], tuple[int, int]]: ...
    def copy(self) -> State: ...
    def get(self, h: _Array) -> None: ...
    def set(self, h: _Array) -> None: ...
    def feed(self, x: int, p: _Array) -> None: ...
    def feed_each(self, indices: _Indices) -> None: ...
    def read(self, indices: _Indices) -> None: ...
    def predict(self, p: _Array) -> None: ...
    def sample(
        self,
        n: int,
        temperature: float,
        bit_generator: np.random.BitGenerator,
        ixes: _Indices,
        seed_ix: int = -1,
        numpy: bool = False,
    ) -> int: ...

@final
class Borrowed:
    def __new__(cls, V: int, H: int, double: bool, isa: str | None = None) -> Self: ...
    def loss(
        self,
        parameters: _Parameters,
        inputs: _Indices,
        targets: _Indices,
        hprev: _Array,
        gradients: _Parameters,
        h: _Array,
        limit: float,
    ) -> float: ...
    def sample(
        self,
        parameters: _Parameters,
        h: _Array,
        seed_ix: int,
        ixes: _Indices,
        bit_generator: np.random.BitGenerator,
    ) -> int: ...
