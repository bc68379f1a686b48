"""Which encoding a file may have, and whether a text was once read in a wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from crnn.corpus.suspects import MOSTLY, WIDE_SHARE, Suspect, beside_utf8, suspects

__all__ = ["Encoding", "Misreading", "inspect", "misread"]

_MISTAKEN: Final = ("cp1252", "latin-1", "cp1251", "koi8-r", "mac-roman", "cp437")
_RUN: Final = re.compile(r"[^\x00-\x7f]{2,40}")


@dataclass(frozen=True)
class Encoding:
    """What the bytes of a file say of its encoding.

    Attributes
    ----------
    utf8 : bool
        Whether it is UTF-8 without a mistake.
    wrong_at : int or None
        Offset of the first byte that is not.
    marked : bool
        Whether it begins with a byte-order mark.
    suspects : tuple of Suspect
        What it may be instead, the most plausible first.
    mixed_with : str or None
        If a part of it is UTF-8 and the rest is more than damage: the encoding that the rest may
        have, or "another" where none is plausible.
    """

    utf8: bool
    wrong_at: int | None
    marked: bool
    suspects: tuple[Suspect, ...]
    mixed_with: str | None = None


@dataclass(frozen=True)
class Misreading:
    """UTF-8 that was decoded in another encoding and saved like that.

    Attributes
    ----------
    encoding : str
        The wrong one.
    count : int
        How many runs of characters are so.
    shown, meant : str
        The most frequent run, and what it should be.
    """

    encoding: str
    count: int
    shown: str
    meant: str


def inspect(data: bytes) -> Encoding:
    r"""Say what the bytes of a file tell of its encoding.

    Parameters
    ----------
    data : bytes
        All of a file.

    Returns
    -------
    Encoding

    Examples
    --------
    >>> inspect("naïve".encode()).utf8
    True
    >>> found = inspect("Съешь ещё этих мягких булок".encode("cp1251"))
    >>> found.utf8, found.wrong_at, found.suspects[0].encoding
    (False, 0, 'cp1251')
    """
    marked = data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))
    try:
        data.decode()
    except UnicodeDecodeError as error:
        found = suspects(data)
        return Encoding(False, error.start, marked, found, _mixed_with(data, found))
    wide = data.count(0) > WIDE_SHARE * len(data)
    return Encoding(True, None, marked, suspects(data) if wide else ())


def _mixed_with(data: bytes, found: tuple[Suspect, ...]) -> str | None:
    if not found or found[0].encoding != "utf-8" or found[0].plausibility >= MOSTLY:
        return None
    others = [suspect.encoding for suspect in beside_utf8(data) if suspect.encoding != "utf-8"]
    return others[0] if others else "another"


def misread(text: str) -> Misreading | None:
    """Find UTF-8 that was read in another encoding and saved like that.

    Runs of characters outside ASCII are encoded back and decoded as UTF-8: where that succeeds,
    they were hardly meant to be what they are.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    Misreading or None
        None: no run is so.

    Examples
    --------
    >>> misread("cafÃ© and crÃ¨me")  # doctest: +ELLIPSIS
    Misreading(encoding='cp1252', count=2, shown='Ã©', meant='é')
    >>> misread("café and crème") is None
    True
    """
    runs: dict[str, int] = {}
    for found in _RUN.finditer(text):
        runs[found[0]] = runs.get(found[0], 0) + 1
    best = max((_misread_as(name, runs) for name in _MISTAKEN), key=lambda found: found.count)
    return best if best.count else None


def _misread_as(encoding: str, runs: dict[str, int]) -> Misreading:
    """Return what of the runs, counted, was misread in one encoding."""
    meant = dict(_read_anew(encoding, runs))
    shown = max(meant, key=lambda run: runs[run], default="")
    return Misreading(encoding, sum(runs[run] for run in meant), shown, meant.get(shown, ""))


def _read_anew(encoding: str, runs: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Yield the runs that are UTF-8 when they are encoded back, and what they are then."""
    for run in runs:
        try:
            yield run, run.encode(encoding).decode()
        except UnicodeError:
            continue
