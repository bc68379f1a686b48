"""Text whose every character has the shade of its surprise."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Final

from rich.style import Style
from rich.text import Text

from crnn.cli.visible import visible

__all__ = ["legend", "shaded"]

# Surprises in bits from which a shade begins; each is the background of black letters, so that
# they can be read on light terminals and dark ones.
_SHADES: Final = (
    (2.0, "#fff3b0"),
    (4.0, "#ffd166"),
    (6.0, "#ff9f5a"),
    (9.0, "#ff6b6b"),
)
_BOUNDS: Final = [bits for bits, _ in _SHADES]
_STYLES: Final = [
    Style.null(), *(Style(color="#000000", bgcolor=shade) for _, shade in _SHADES),
]  # fmt: skip
_UNKNOWN: Final = Style(reverse=True)


def shaded(text: str, bits: Sequence[float]) -> Text:
    """Return a text in the shades of its surprises.

    Parameters
    ----------
    text : str
    bits : sequence of float
        The surprise of each character; NaN of one that the model does not know.

    Examples
    --------
    >>> [(span.start, span.end) for span in shaded("abcd", [0.1, 5.0, 5.5, 1.0]).spans]
    [(1, 3)]
    """
    result, run, last = Text(), "", Style.null()
    for char, surprise in zip(text, bits, strict=True):
        style = _style(surprise)
        if style is not last:
            result.append(run, last)
            run, last = "", style
        run += visible(char)
    return result.append(run, last)


def legend() -> Text:
    """Return what the shades mean."""
    result = Text("bits: ")
    names = [f"< {_BOUNDS[0]:g}", *(f">= {bound:g}" for bound in _BOUNDS)]
    for name, style in zip(names, _STYLES, strict=True):
        result.append(f" {name} ", style).append(" ")
    return result.append(" unknown ", _UNKNOWN)


def _style(bits: float) -> Style:
    return _UNKNOWN if bits != bits else _STYLES[bisect.bisect_right(_BOUNDS, bits)]
