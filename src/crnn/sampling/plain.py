"""A sample without rules, from a state and its own coins: what a training shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from crnn import core
from crnn.slices import Slices

__all__ = ["draw", "not_a_number"]

IntArray: TypeAlias = npt.NDArray[np.int32]


def draw(
    state: core.State,
    ixes: IntArray,
    temperature: float,
    bits: np.random.BitGenerator,
    x: IntArray,
) -> Iterator[IntArray]:
    """Feed `x` to `state`, then fill `ixes` with what is drawn from there on, slice by slice.

    Yields
    ------
    numpy.ndarray
        The part of `ixes` that was filled last.

    Raises
    ------
    ValueError
        If the probabilities became NaN.
    """
    reading, drawing = Slices(state.multiply_adds), Slices(state.multiply_adds)
    read = drawn = 0

    def feed(n: int) -> None:
        nonlocal read
        state.read(x[read : read + n])
        read += n

    def fill(n: int) -> None:
        nonlocal drawn
        last = int(ixes[drawn - 1]) if drawn else -1
        got = state.sample(n, temperature, bits, ixes[drawn : drawn + n], last)
        drawn += got
        if got < n:
            raise not_a_number(drawn)

    while read < len(x):
        reading.run(feed, len(x) - read)
    while drawn < len(ixes):
        begin = drawn
        drawing.run(fill, len(ixes) - drawn)
        yield ixes[begin:drawn]


def not_a_number(drawn: int) -> ValueError:
    """Return the error of a prediction that is NaN."""
    return ValueError(
        f"probabilities contain NaN at character {drawn}: the parameters or the "
        "state hold NaN or infinity, train again with a smaller learning_rate"
    )
