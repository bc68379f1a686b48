import numpy as np

from crnn.core import Net

WAYS: tuple[str, ...]

def draw_weights(net: Net, bit_generator: np.random.BitGenerator, way: str = "normal") -> None: ...
def extend_weights(net: Net, old: Net, bit_generator: np.random.BitGenerator) -> None: ...
