"""Text of a model made safe to show: every character leaves a mark, none moves the cursor."""

from __future__ import annotations

import unicodedata

__all__ = ["visible"]

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_CONTROL_PICTURES = 0x2400  # U+2400 is the picture of U+0000, and so on
_SPACE, _DELETE = 0x20, 0x7F


def visible(text: str, keep: str = "\n\t") -> str:
    r"""Return a text with its control and other invisible characters made visible.

    Parameters
    ----------
    text : str
        Any text.
    keep : str
        Control characters to leave as they are.

    Returns
    -------
    str
        Control characters become their Unicode pictures, other characters without a shape (marks
        of direction, private use, surrogates...) become escapes such as ``\u202e``.

    Examples
    --------
    >>> visible("bell\a, escape\x1b[2J, \u202eright to left")
    'bell␇, escape␛[2J, \\u202eright to left'
    """
    return "".join(char if char in keep else _shown(char) for char in text)


def _shown(char: str) -> str:
    if unicodedata.category(char) not in _HIDDEN:
        return char
    point = ord(char)
    if point < _SPACE:
        return chr(_CONTROL_PICTURES + point)
    return "\N{SYMBOL FOR DELETE}" if point == _DELETE else ascii(char)[1:-1]
