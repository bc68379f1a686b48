"""Text whose every character has the shade of its surprise."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Final

from rich.style import Style
from rich.text import Text

from crnn.cli.visible import visible

__all__ = ["legend", "shaded"]

# Surprises in bits from which a shade begins.
_BOUNDS: Final = (2.0, 4.0, 6.0, 9.0)
# Each is the background of black letters, so that they can be read on light terminals and dark
# ones; the second is for terminals of sixteen colours.
_SHADES: Final = ("#fff3b0", "#ffd166", "#ff9f5a", "#ff6b6b")
_PLAIN: Final = ("bright_yellow", "yellow", "bright_red", "red")
_UNKNOWN: Final = Style(reverse=True)


def shaded(text: str, bits: Sequence[float], system: str | None = "truecolor") -> Text:
    """Return a text in the shades of its surprises.

    Parameters
    ----------
    text : str
    bits : sequence of float
        The surprise of each character; NaN of one that has none.
    system : str or None
        The colours of the terminal, as rich calls them; None: it has none.

    Examples
    --------
    >>> [(span.start, span.end) for span in shaded("abcd", [0.1, 5.0, 5.5, 1.0]).spans]
    [(1, 3)]
    """
    result, styles = Text(), _styles(system)
    marks = [-1 if surprise != surprise else bisect_right(_BOUNDS, surprise) for surprise in bits]
    end = 0
    for mark, run in groupby(marks):
        begin, end = end, end + sum(1 for _ in run)
        result.append(visible(text[begin:end]), _UNKNOWN if mark < 0 else styles[mark])
    return result


def legend(system: str | None = "truecolor") -> Text:
    """Return what the shades mean; or that there are none, if the terminal has no colours."""
    if system is None:
        return Text("(without colours, by NO_COLOR or TERM, there are no shades)")
    result = Text("bits: ")
    names = [f"< {_BOUNDS[0]:g}", *(f">= {bound:g}" for bound in _BOUNDS)]
    for name, style in zip(names, _styles(system), strict=True):
        result.append(f" {name} ", style).append(" ")
    return result.append(" none ", _UNKNOWN)


@cache
def _styles(system: str | None) -> list[Style]:
    shades = _PLAIN if system in ("standard", "windows") else _SHADES
    return [Style.null(), *(Style(color="black", bgcolor=shade) for shade in shades)]
