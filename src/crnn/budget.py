"""A budget of time: how many windows fit into so many seconds.

The clock is consulted once. What it says becomes a number of windows, and from then on the training
is one of so many windows, whatever the time: so its result can be had again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Budget"]

SPARE = 0.01  # of the time is left for what goes wrong


class Budget:
    """So many seconds for a training, from the moment it is made.

    Parameters
    ----------
    seconds : float
        The time.
    falling : float
        Part of all windows in which the rate falls: how many, must be known before that.
    step : int
        Windows trained already.
    reserve : float
        Seconds that will be needed after the last one.
    clock : callable, optional
        Returns seconds.

    Examples
    --------
    >>> now = iter([0.0, 40.0, 48.0, 48.0])
    >>> budget = Budget(100.0, 0.5, 0, 1.0, lambda: next(now))
    >>> budget.is_due(), budget.is_due()
    (False, True)
    >>> budget.total(step=4800)  # 100 a second, and 50 seconds are left
    9800
    """

    def __init__(
        self,
        seconds: float,
        falling: float,
        step: int,
        reserve: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = max(seconds * (1 - SPARE) - reserve, 0.0)
        self._falling = falling
        self._first = step
        self._clock = clock
        self._begin = clock()

    def is_due(self) -> bool:
        """Tell whether it is time to consult the clock: as late as possible."""
        return self._clock() - self._begin >= self._seconds * (1 - self._falling) * (1 - 4 * SPARE)

    def total(self, step: int) -> int:
        """Return how many windows there will be in all; `step` are trained by now."""
        gone = max(self._clock() - self._begin, 1e-9)
        pace = (step - self._first) / gone
        left = self._seconds - gone
        total = step + int(max(left, 0) * pace)
        if self._first == 0 and self._falling < 1:
            # where the rate begins to fall must not be past: all of it can be had again by steps
            total = max(total, int(step / (1 - self._falling)) + 1)
        return max(total, step + 1)
