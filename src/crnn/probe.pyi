from typing import Any, Self, final

import numpy as np
import numpy.typing as npt

_Array = npt.NDArray[np.floating[Any]]

COMPILER: str
FUNCTIONS: tuple[str, str, str]

def evaluate(isa: str, function: str, x: _Array, y: _Array, double: bool) -> None: ...
def mode() -> tuple[bool, bool]: ...

@final
class Mode:
    def __new__(cls, upward: bool = False) -> Self: ...
    def __enter__(self) -> None: ...
    def __exit__(self, *error: object) -> None: ...
