from typing import Any, Self, final

import numpy as np
import numpy.typing as npt

@final
class Text:
    def __new__(
        cls, array: npt.NDArray[Any], V: int, starts: npt.NDArray[np.int64] | None = None
    ) -> Self: ...
    def __len__(self) -> int: ...
    @property
    def array(self) -> npt.NDArray[Any]: ...
    @property
    def is_apart(self) -> bool: ...
