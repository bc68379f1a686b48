"""Characters to the characters that are learned: newlines, normal forms, lower case.

A text comes in pieces of any size, and what comes out is what the whole would give: every stage
holds back the few characters at the end of a piece whose result depends on what follows. Texts
exist that would have to be held back for ever (one letter and a million accents); more than
`MOST_HELD` characters are refused.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final, Literal, Protocol, cast

from crnn.corpus.errors import TextError
from crnn.corpus.reading import Reading

__all__ = ["MOST_HELD", "cleaned"]

MOST_HELD: Final = 1 << 14
"""Characters that a stage may hold back: far more than any language puts on one letter."""

_PIECE = 1 << 14  # sorting the accents of one letter takes the square of their number
_HANGUL_JOINING = (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))
_FIRST_ACCENT = "\u0300"  # no character before it joins the one to its left
_SIGMA = "\u03a3"
_CASED = "A"


class _Stage(Protocol):
    def feed(self, piece: str) -> str:
        """Take more of the text; return what is decided now."""

    def finish(self) -> str:
        """Return what was held back: the text has ended."""


def cleaned(pieces: Iterable[str], reading: Reading, shown: str) -> Iterator[str]:
    r"""Yield a text with the newlines, in the normal form and in the case that `reading` says.

    Parameters
    ----------
    pieces : iterable of str
        One text, cut anywhere.
    reading : Reading
        Of it `newlines`, `normalize` and `lowercase`, in this order.
    shown : str
        What errors call the text.

    Raises
    ------
    TextError
        It has more than `MOST_HELD` characters that can be neither cut nor decided.

    Examples
    --------
    >>> "".join(cleaned(["EA\r", "\nb"], Reading(newlines="unix", lowercase=True), "x"))
    'ea\nb'
    >>> len("".join(cleaned(["e", "\u0301"], Reading(normalize="NFC"), "x")))
    1
    """
    if reading.newlines == "unix":
        pieces = _through(pieces, _UnixNewlines(), shown)
    if reading.normalize != "none":
        form = cast(Literal["NFC", "NFKC"], reading.normalize)
        pieces = _through(pieces, _Normalizing(form), shown)
    if reading.lowercase:
        pieces = _through(pieces, _Lowering(), shown)
    return iter(pieces)


def _through(pieces: Iterable[str], stage: _Stage, shown: str) -> Iterator[str]:
    try:
        for piece in pieces:
            parts = range(0, len(piece), _PIECE)
            yield "".join([stage.feed(piece[at : at + _PIECE]) for at in parts])
        yield stage.finish()
    except _HeldTooMuchError as error:
        raise TextError(f"{shown} has more than {MOST_HELD:,} {error}; is it text?") from None


class _HeldTooMuchError(Exception):
    """Says which characters."""


class _UnixNewlines:
    r"""Make "\r\n" and "\r" "\n"."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        text = self._held + piece
        self._held = "\r" if text.endswith("\r") else ""
        return _unix(text.removesuffix("\r"))

    def finish(self) -> str:
        return _unix(self._held)


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


class _Normalizing:
    """Bring a text to a normal form: cut only where a character begins that joins none before."""

    def __init__(self, form: Literal["NFC", "NFKC"]) -> None:
        self._form = form
        self._held = ""

    def feed(self, piece: str) -> str:
        text = self._held + piece
        cut = len(text) - 1
        while cut > 0 and not _stands_alone(text[cut], self._form):
            cut -= 1
        cut = max(cut, 0)
        self._held = text[cut:]
        if len(self._held) > MOST_HELD:
            raise _HeldTooMuchError(
                f"characters on end that join the one before them, at {self._held[0]!r}"
            )
        return unicodedata.normalize(self._form, text[:cut])

    def finish(self) -> str:
        return unicodedata.normalize(self._form, self._held)


@functools.lru_cache(1 << 14)
def _stands_alone(char: str, form: Literal["NFC", "NFKC"]) -> bool:
    """Tell whether what stands before a character is normalised without it, and it without that.

    That is so where its combining class is 0 and its quick check says Yes (UAX #15, section 9).
    """
    if unicodedata.combining(char) or not unicodedata.is_normalized(form, char):
        return False
    return char < _FIRST_ACCENT or char not in _joining()


@functools.cache
def _joining() -> frozenset[str]:
    """Return all characters that may be the second of two that are composed (quick check Maybe)."""
    decompositions = map(unicodedata.decomposition, map(chr, range(0x110000)))
    pairs = (parts.split() for parts in decompositions if parts and not parts.startswith("<"))
    seconds = {chr(int(parts[1], 16)) for parts in pairs if len(parts) == 2}
    return frozenset(seconds.union(map(chr, _HANGUL_JOINING)))


class _Lowering:
    """Make a text lower case as `str.lower` does the whole.

    All characters but one are lowered by themselves. The capital sigma becomes another letter at
    the end of a word: where a cased letter stands before it and none behind it, characters like
    apostrophes and accents left aside. What stands before is remembered as one letter or none; a
    sigma with nothing decisive behind it is held back.
    """

    def __init__(self) -> None:
        self._before = ""
        self._held = ""

    def feed(self, piece: str) -> str:
        text = self._held + piece
        last = len(text) - 1
        while last >= 0 and _role(text[last]) == "ignored":
            last -= 1
        decided = last if last >= 0 and text[last] == _SIGMA else len(text)
        self._held = text[decided:]
        if len(self._held) > MOST_HELD:
            raise _HeldTooMuchError("characters on end after a capital sigma that end no word")
        behind = _CASED if self._held else ""  # that sigma, to one before it
        return self._lower(text[:decided], behind)

    def finish(self) -> str:
        return self._lower(self._held, "")

    def _lower(self, text: str, behind: str) -> str:
        lower = (self._before + text + behind).lower()
        lower = lower[len(self._before) : len(lower) - len(behind)]
        for char in reversed(text):
            if _role(char) != "ignored":
                self._before = _CASED if _role(char) == "cased" else ""
                break
        return lower


@functools.lru_cache(1 << 14)
def _role(char: str) -> Literal["ignored", "cased", "other"]:
    """Return what a character is to a capital sigma behind it, which shows it."""
    final = "\u03c2"
    if (char + _SIGMA).lower().endswith(final):
        return "cased"
    return "ignored" if (_CASED + char + _SIGMA).lower().endswith(final) else "other"
