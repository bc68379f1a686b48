"""A curve in a terminal: the loss over the windows, drawn with block characters."""

from __future__ import annotations

import math

__all__ = ["Curve"]

_BLOCKS = " ▁▂▃▄▅▆▇█"
_EIGHTHS = 8
_MOST_POINTS = 4096
_BEGINNING = 0.05  # of all steps, in which a value may be above the chart


class Curve:
    """Points of a curve, few enough to draw whatever their number was."""

    def __init__(self) -> None:
        self._points: list[tuple[int, float]] = []

    def add(self, step: int, value: float) -> None:
        """Add a point; one that is not finite leaves no mark, one that goes back removes others."""
        if not math.isfinite(value):
            return
        while self._points and self._points[-1][0] > step:
            self._points.pop()
        if len(self._points) >= _MOST_POINTS:
            del self._points[1::2]
        self._points.append((step, value))

    def bounds(self) -> tuple[float, float]:
        """Return the lowest and the highest value that are told apart; NaN if there are no points.

        What is higher at the very beginning is not: the fall of a loss there would leave no height
        to what comes after it.
        """
        points = tuple(self._points)  # another thread may add
        if not points:
            return math.nan, math.nan
        begun = _BEGINNING * points[-1][0]
        values = [value for _, value in points]
        lowest, highest = min(values), max(value for step, value in points if step >= begun)
        return lowest, highest if highest > lowest else max(values)

    def draw(self, width: int, height: int, end: int) -> list[str]:
        r"""Return the curve as `height` lines of at most `width` characters.

        Parameters
        ----------
        width, height : int
            Columns and rows.
        end : int
            The step at the right edge.

        Examples
        --------
        >>> curve = Curve()
        >>> for step, value in [(0, 9.0), (5, 8.0), (25, 4.0), (50, 2.0), (75, 1.0)]:
        ...     curve.add(step, value)
        >>> print("\n".join(curve.draw(width=8, height=2, end=100)))
        ██
        ██▇▇▃▃▁
        """
        low, high = self.bounds()
        most = _EIGHTHS * height - 1
        levels = [
            1 + (round((min(value, high) - low) / (high - low) * most) if high > low else 0)
            for value in self._columns(width, end)
        ]
        return [
            "".join(_block(level, row) for level in levels).rstrip()
            for row in reversed(range(height))
        ]

    def _columns(self, width: int, end: int) -> list[float]:
        """Return the first value of each column; one without a point repeats the one before."""
        columns: list[float] = []
        for step, value in tuple(self._points):
            column = min(width - 1, step * width // max(end, 1))
            if column >= len(columns):
                gap = column - len(columns)
                columns += [columns[-1] if columns else value] * gap + [value]
        return columns


def _block(level: int, row: int) -> str:
    """Return what a bar of `level` eighths shows in a row, 0 at the bottom."""
    return _BLOCKS[max(0, min(_EIGHTHS, level - row * _EIGHTHS))]
