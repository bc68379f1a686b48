"""Which encoding a file may have, and whether a text was once read in a wrong one.

Bytes that are not UTF-8 are decoded in the encodings that such files have, and the words that come
out are looked at: a wrong encoding gives words of mixed scripts, capitals inside words, and symbols
where letters should be. That is a suspicion with a figure, never a fact; a person decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

__all__ = ["Encoding", "Misreading", "Suspect", "inspect", "misread"]

_USUAL: Final = (
    "cp1252", "cp1251", "koi8-r", "cp866", "cp1250", "iso8859-2", "cp1253", "cp1254", "cp1255",
    "cp1256", "cp1257", "mac-roman", "mac-cyrillic", "iso8859-5", "shift_jis", "euc_kr", "euc_jp",
    "gb18030", "big5", "cp850", "cp437",
)  # fmt: skip
_WIDE: Final = ("utf-16-le", "utf-16-be")
_MISTAKEN: Final = ("cp1252", "latin-1", "cp1251", "koi8-r", "mac-roman", "cp437")
_LISTED: Final = 4  # suspects at most
_PLAUSIBLE: Final = 0.5  # from which on one is listed
_MOSTLY: Final = 0.9  # share of sequences in order from which on damaged UTF-8 is suspected
_WIDE_SHARE: Final = 0.1  # of zero bytes, from which on a text may have two bytes a character
_LOOKED_AT: Final = 10_000_000  # bytes decoded for a suspicion
_WORDS: Final = 20_000  # looked at
_OUTSIDE_ASCII: Final = re.compile(r"\w*[^\W\x00-\x7f]\w*|[^\w\x00-\x7f]")
_RUN: Final = re.compile(r"[^\x00-\x7f]{2,40}")
_MARKS: Final = frozenset({"Mn", "Mc", "Ps", "Pe"})  # categories of what stands in or around words
_LONG: Final = 5  # letters, from which on a word has one of those that are needed
_NEEDED: Final = {"GREEK": "\N{COMBINING ACUTE ACCENT}", "CYRILLIC": "аеиоуыэюяіє"}
_USUAL_SYMBOLS: Final = frozenset(
    "«»‹›“”„‘’‚–—…•·№§°©®™×±¿¡€£¥\xa0\xad、。，！？；：「」『』（）《》〈〉・ー～"
)


@dataclass(frozen=True)
class Suspect:
    """An encoding that bytes may have.

    Attributes
    ----------
    encoding : str
        Its name in Python.
    plausibility : float
        Share of the characters outside ASCII that stand as they do in real words, 0 to 1.
    """

    encoding: str
    plausibility: float


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
    """

    utf8: bool
    wrong_at: int | None
    marked: bool
    suspects: tuple[Suspect, ...]


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
        return Encoding(False, error.start, marked, _suspects(data))
    wide = data.count(0) > _WIDE_SHARE * len(data)
    return Encoding(True, None, marked, _suspects(data) if wide else ())


def _suspects(data: bytes) -> tuple[Suspect, ...]:
    """Return the encodings in which bytes make sense, the most plausible first."""
    head = data[:_LOOKED_AT]
    found = [_as_damaged_utf8(head)]
    names: tuple[str, ...] = _WIDE if head.count(0) > _WIDE_SHARE * len(head) else _USUAL
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        names = ("utf-16",)
    for name in names:
        end = len(head) - len(head) % 2 if len(head) < len(data) else len(head)
        try:
            text = head[:end].decode(name)
        except UnicodeDecodeError as error:
            if end == len(data) or error.start < end - 4:  # else the cut is to blame
                continue
            text = head[: error.start].decode(name)
        found.append(Suspect(name, _plausibility(text)))
    found = [suspect for suspect in found if suspect.plausibility >= _PLAUSIBLE]
    found.sort(key=lambda suspect: -round(suspect.plausibility, 2))  # equals stay in order
    return tuple(found[:_LISTED])


def _as_damaged_utf8(data: bytes) -> Suspect:
    """Return how far bytes are UTF-8 in which something else stands here and there."""
    text = data.decode("utf-8", "replace")
    wrong = text.count("\N{REPLACEMENT CHARACTER}")
    outside = sum(1 for _ in re.finditer(r"[^\x00-\x7f]", text))
    share = 1 - wrong / outside if outside else 0.0
    return Suspect("utf-8", share if share >= _MOSTLY and not data.count(0) else 0.0)


def _plausibility(text: str) -> float:
    """Return the share of the characters outside ASCII that stand as they do in real words."""
    good = total = 0
    for found in islice(_OUTSIDE_ASCII.finditer(text), _WORDS):
        word = found[0]
        size = sum(char > "\x7f" for char in word)
        total += size
        good += size * _is_word(word)
    return good / total if total else float("\0" not in text)


@lru_cache(maxsize=50_000)
def _is_word(word: str) -> bool:
    """Tell whether a word with characters outside ASCII, or a single symbol, looks real."""
    if not word[0].isalnum() and len(word) == 1:
        return word in _USUAL_SYMBOLS or unicodedata.category(word) in _MARKS
    letters = [char for char in word if char.isalpha()]
    others = {unicodedata.category(char) for char in word if char > "\x7f" and not char.isalpha()}
    scripts = {_script(char) for char in letters}
    if others - _MARKS or len(scripts) != 1 or "HALFWIDTH" in scripts:
        return False
    joined = "".join(letters)
    if not (joined.isupper() or joined[1:] == joined[1:].lower()):
        return False
    if scripts == {"LATIN"}:
        return sum(char > "\x7f" for char in letters) <= max(1, len(letters) // 2)
    needed = _NEEDED.get(scripts.pop())
    if needed is None or len(letters) < _LONG:
        return True
    return any(char in needed for char in unicodedata.normalize("NFD", joined.lower()))


def _script(char: str) -> str:
    """Return the script of a letter, as the first word of its name tells it."""
    word = unicodedata.name(char, "NONE").split()[0]
    return "CJK" if word in ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC") else word


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
