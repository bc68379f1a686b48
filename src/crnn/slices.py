"""Slices: long work in pieces of about 20 ms, so that Python can act between them.

Signals, callbacks and displays live there. How work is cut never changes its result.
"""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Slices"]

SECONDS = 0.02
MULTIPLY_ADDS = 10_000_000  # of one slice at least, also with the portable kernels


class Slices:
    """Finds how many units of work fit into a slice, from how long the last ones took.

    Parameters
    ----------
    multiply_adds : int, optional
        Of one unit, to begin with as many as surely fit; by default with one.

    Examples
    --------
    >>> done = []
    >>> slices = Slices()
    >>> while sum(done) < 100:
    ...     slices.run(done.append, 100 - sum(done))
    >>> done[:3], sum(done)
    ([1, 2, 4], 100)
    """

    def __init__(self, multiply_adds: int = MULTIPLY_ADDS) -> None:
        self._size = max(1, MULTIPLY_ADDS // multiply_adds)

    def run(self, work: Callable[[int], None], most: int) -> None:
        """Call ``work(n)`` for the next n units, `most` of them at the most."""
        n = min(most, self._size)
        begin = time.perf_counter()
        work(n)
        seconds = max(time.perf_counter() - begin, 1e-9)
        self._size = max(1, min(int(n * SECONDS / seconds), 2 * self._size))
