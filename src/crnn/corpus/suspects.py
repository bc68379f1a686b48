"""Which encodings bytes may have: a suspicion with a figure, never a fact; a person decides.

Bytes are decoded in the encodings that old files have, and the words that come out are looked at: a
wrong encoding gives words of mixed scripts, capitals inside words, and symbols where letters should
be. A training shows what it suspects where bytes are not in their encoding; the doctor, which looks
before there is a training, reads a file so.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

__all__ = ["MOSTLY", "WIDE_SHARE", "Suspect", "beside_utf8", "suspects"]

MOSTLY: Final = 0.9
"""Share of the characters that are in order, from which on UTF-8 with damaged places is suspected;
plausibility of an encoding for a whole file."""
WIDE_SHARE: Final = 0.1
"""Of zero bytes, from which on a text may have two bytes a character."""

_USUAL: Final = (
    "cp1252", "cp1251", "koi8-r", "cp866", "cp1250", "iso8859-2", "cp1253", "cp1254", "cp1255",
    "cp1256", "cp1257", "mac-roman", "mac-cyrillic", "iso8859-5", "shift_jis", "euc_kr", "euc_jp",
    "gb18030", "big5", "cp850", "cp437",
)  # fmt: skip
_WIDE: Final = ("utf-16-le", "utf-16-be")
_LISTED: Final = 4  # suspects at most
_PLAUSIBLE: Final = 0.5  # from which on one is listed
_PARTLY: Final = 0.1  # share of characters in order from which on a part may be UTF-8,
_SURELY: Final = 0.3  # and is: other encodings look like it here and there only
_LOOKED_AT: Final = 10_000_000  # bytes decoded for a suspicion
_WORDS: Final = 20_000  # looked at
_OUTSIDE_ASCII: Final = re.compile(r"\w*[^\W\x00-\x7f]\w*|[^\w\x00-\x7f]")
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


def suspects(data: bytes) -> tuple[Suspect, ...]:
    """Return the encodings in which bytes make sense, the most plausible first.

    Parameters
    ----------
    data : bytes
        A file or a part of it that is not UTF-8; a character may be cut at its end.

    Returns
    -------
    tuple of Suspect
        Four at most. UTF-8, with the share of its characters that are in order, if the rest looks
        like damage; or if there is a part in UTF-8, and no single encoding fits the whole.

    Examples
    --------
    >>> suspects("Съешь ещё этих мягких булок".encode("koi8-r"))[0].encoding
    'koi8-r'
    """
    head = data[:_LOOKED_AT]
    share = _share_of_utf8(head)
    found = [
        Suspect(name, _plausibility(text, may_be_ascii=name.startswith("utf-16")))
        for name, text in _readings(head)
    ]
    found = [suspect for suspect in found if suspect.plausibility >= _PLAUSIBLE]
    found.sort(key=lambda suspect: -round(suspect.plausibility, 2))  # equals stay in order
    best = found[0].plausibility if found else 0.0
    if share >= _SURELY or (share >= _PARTLY and best < MOSTLY):
        found.insert(0, Suspect("utf-8", share))
    return tuple(found[:_LISTED])


def beside_utf8(data: bytes) -> tuple[Suspect, ...]:
    r"""Return which encodings the lines may have that are not UTF-8.

    Examples
    --------
    >>> beside_utf8("Größe\n".encode() + "été à Noël\n".encode("cp1252"))[0].encoding
    'cp1252'
    """
    lines = data[:_LOOKED_AT].split(b"\n")
    return suspects(b"\n".join(line for line in lines if not _is_utf8(line)))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _readings(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the encodings that decode bytes, and what they make of them."""
    names: tuple[str, ...] = _WIDE if data.count(0) > WIDE_SHARE * len(data) else _USUAL
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        names = ("utf-16",)
    for name in names:
        try:
            yield name, codecs.getincrementaldecoder(name)().decode(data)
        except UnicodeDecodeError:
            continue


def _share_of_utf8(data: bytes) -> float:
    """Return how many of the characters outside ASCII are in order, if bytes are UTF-8."""
    text = data.decode("utf-8", "replace")
    wrong = text.count("\N{REPLACEMENT CHARACTER}")
    outside = sum(1 for _ in re.finditer(r"[^\x00-\x7f]", text))
    return 1 - wrong / outside if outside and not data.count(0) else 0.0


def _plausibility(text: str, *, may_be_ascii: bool) -> float:
    """Return the share of the characters outside ASCII that stand as they do in real words."""
    good = total = 0
    for found in islice(_OUTSIDE_ASCII.finditer(text), _WORDS):
        word = found[0]
        size = sum(char > "\x7f" for char in word)
        total += size
        good += size * _is_word(word)
    return good / total if total else float(may_be_ascii and text != "" and "\0" not in text)


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
        return sum(char > "\x7f" for char in letters) <= (len(letters) + 1) // 2
    needed = _NEEDED.get(scripts.pop())
    if needed is None or len(letters) < _LONG:
        return True
    return any(char in needed for char in unicodedata.normalize("NFD", joined.lower()))


def _script(char: str) -> str:
    """Return the script of a letter, as the first word of its name tells it."""
    word = unicodedata.name(char, "NONE").split()[0]
    return "CJK" if word in ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC") else word
