"""Pace: how fast a training goes, how far it is, and when it will be over."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

__all__ = ["Pace", "duration", "progress_of"]

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_REMEMBERED = 10.0  # seconds


class Pace:
    """Steps a second, over the last seconds.

    Parameters
    ----------
    step : int
        Where it begins.
    clock : callable, optional
        Returns seconds.

    Examples
    --------
    >>> now = iter([0.0, 2.0, 4.0])
    >>> pace = Pace(100, lambda: next(now))
    >>> pace.mark(120), pace.mark(180)
    (10.0, 20.0)
    """

    def __init__(self, step: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._marks = deque([(clock(), step)])

    def mark(self, step: int) -> float:
        """Note that `step` is reached now and return the pace, 0 if it is not known yet."""
        now = self._clock()
        self._marks.append((now, step))
        while len(self._marks) > 2 and now - self._marks[0][0] > _REMEMBERED:
            self._marks.popleft()
        begin, first = self._marks[0]
        return max(step - first, 0) / max(now - begin, 1e-6)


def progress_of(
    step: int, total: int | None, pace: float, elapsed: float, seconds: float
) -> tuple[float | None, float | None]:
    """Return which part of a training is done, and how many seconds are left, if that is known.

    Parameters
    ----------
    step, total : int, int or None
        Windows trained, and in all.
    pace : float
        Windows a second.
    elapsed, seconds : float
        Seconds since the training began, and those that it may take where it has no `total` yet.

    Examples
    --------
    >>> progress_of(50, 200, 10.0, 5.0, 0.0), progress_of(50, None, 10.0, 5.0, 20.0)
    ((0.25, 15.0), (0.25, 15.0))
    """
    if total is not None:
        left = (total - step) / pace if pace > 0 else None
        return min(1.0, step / max(total, 1)), left
    if seconds > 0:
        return min(1.0, elapsed / seconds), max(0.0, seconds - elapsed)
    return None, None


def duration(seconds: float) -> str:
    """Return a time for a clock.

    Examples
    --------
    >>> duration(7), duration(3723), duration(180000)
    ('0:07', '1:02:03', '2 d 2:00:00')
    """
    whole = int(seconds)
    minutes = f"{whole % _HOUR // _MINUTE}:{whole % _MINUTE:02}"
    if whole < _HOUR:
        return minutes
    hours = f"{whole % _DAY // _HOUR}:{minutes:0>5}"
    return hours if whole < _DAY else f"{whole // _DAY} d {hours}"
