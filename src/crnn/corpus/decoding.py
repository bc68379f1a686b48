"""Bytes to characters, piece by piece, and what to try where they are no characters."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from crnn.corpus.errors import TextError
from crnn.corpus.reading import BYTES
from crnn.corpus.suspects import MOSTLY, WIDE_SHARE, Suspect, beside_utf8, suspects

__all__ = ["BYTE_ORDER_MARK", "decoded", "is_utf8"]

BYTE_ORDER_MARK: Final = "\ufeff"

_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",  # begins like the next one
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_LOOKED_AT: Final = 1 << 17  # bytes before and after the wrong one
_BEFORE, _AFTER = 10, 10  # characters that show what an encoding would make of it
_NOT_WRITTEN: Final = {"Cc", "Cn", "Co", "Cs"}  # controls, unassigned, private, surrogates
_LAYOUT: Final = frozenset("\t\n\v\f\r")


def decoded(
    pieces: Iterable[bytes], encoding: str, shown: str, *, alone: bool = True
) -> Iterator[str]:
    r"""Yield the characters that bytes stand for, every one and every newline as it stands.

    Parameters
    ----------
    pieces : iterable of bytes
        The bytes of a file, cut anywhere.
    encoding : str
        A text encoding of Python, or "bytes". The byte-order mark of UTF-8 is left as U+FEFF.
    shown : str
        What errors call the file.
    alone : bool
        Whether it is the only file: if not, another encoding might garble the others.

    Raises
    ------
    TextError
        The bytes are not in that encoding: says which byte, at which offset of the decompressed
        file, and which encodings would decode what stands there, the most plausible first.

    Examples
    --------
    >>> "".join(decoded([b"na\xc3", b"\xafve"], "utf-8", "'x'"))
    'naïve'
    """
    codec = "latin-1" if encoding == BYTES else "utf-8" if is_utf8(encoding) else encoding
    decoder = codecs.getincrementaldecoder(codec)()
    fed, beginning, data = 0, b"", b""
    try:
        for data in pieces:
            fed += len(data)
            beginning = beginning or data[:4]
            yield decoder.decode(data)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        at = fed - len(error.object) + error.start  # a decoder joins what it held back and `data`
        seen = max(error.object, data, key=len)  # both end at `fed`
        wrong = len(seen) - len(error.object) + error.start
        advice = _advice(seen, wrong, beginning, encoding, alone)
        raise TextError(f"{_described(error, at, encoding, shown)}; {advice}") from error
    except UnicodeError as error:  # utf-16 and utf-32 without a mark
        raise TextError(
            f"{shown} is not {encoding}: {error}; name its --encoding with the byte order, "
            f"{encoding}-le or {encoding}-be, or another, such as utf-8"
        ) from error


def is_utf8(encoding: str) -> bool:
    """Tell whether an encoding is UTF-8, by this or another of its names.

    With "utf-8-sig" it is, too: Python's own decoder of that name passes over a mark that is cut.

    Examples
    --------
    >>> is_utf8("UTF8"), is_utf8("utf-8-sig"), is_utf8("bytes")
    (True, True, False)
    """
    return encoding != BYTES and codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _described(error: UnicodeDecodeError, at: int, encoding: str, shown: str) -> str:
    """Say which byte is wrong, and where."""
    wrong = error.object[error.start : error.start + 1].hex()
    return (
        f"{shown} is not {encoding}: the byte 0x{wrong} at offset {at:,} is wrong there "
        f"({error.reason})"
    )


def _advice(data: bytes, wrong: int, beginning: bytes, encoding: str, alone: bool) -> str:
    """Say what to do about a wrong byte at the place `wrong` of some bytes of a file."""
    marked = [name for mark, name in _MARKS.items() if beginning.startswith(mark)]
    if marked and marked[0] != encoding:
        return f"it begins like {marked[0].upper()}: try --encoding {marked[0]}"
    data, wrong = _around(data, wrong)
    found = suspects(data)
    model = "--encoding bytes to model the bytes themselves"
    if is_utf8(encoding) and found and found[0].encoding == "utf-8":
        if found[0].plausibility >= MOSTLY:
            return f"most of it is UTF-8: mend that place, get a clean copy, or try {model}"
        fitting = _fitting(beside_utf8(data), data, wrong)
        here = f", and here it looks like {_shown(fitting)[0]}" if fitting else ""
        return f"other parts of it are UTF-8{here}: convert that file to UTF-8, or try {model}"
    fitting = _fitting(found, data, wrong)
    fitting.pop(codecs.lookup(encoding).name, None)  # what is cut at the file's end
    if fitting and not alone:
        return (
            f"it looks like {' or '.join(_shown(fitting))}: convert that file to UTF-8, or, if "
            f"all the files are like it, name that --encoding; or try {model}"
        )
    tries = [*(f"--encoding {one}" for one in _shown(fitting)), model]
    return "try " + ", ".join(tries[:-1]) + (", or " if fitting else "") + tries[-1]


def _shown(fitting: dict[str, str]) -> list[str]:
    return [f"{name} ({sample!r})" for name, sample in fitting.items()]


def _around(data: bytes, wrong: int) -> tuple[bytes, int]:
    """Return the lines around a wrong byte, and where it is in them."""
    end = wrong + _LOOKED_AT
    begin = max(0, wrong - _LOOKED_AT)
    if begin:
        line = data.find(b"\n", begin, wrong) + 1
        begin = line or begin - begin % 2  # with lines, no character is cut; else not one of UTF-16
    return data[begin:end], wrong - begin


def _fitting(found: Iterable[Suspect], data: bytes, wrong: int) -> dict[str, str]:
    """Return the suspects that decode the line of the wrong byte as somebody may have written it.

    With each comes a sample; of encodings that come to the same, only the first is kept.
    """
    fitting: dict[str, str] = {}
    is_wide = data.count(0) > WIDE_SHARE * len(data)
    begin = 0 if is_wide else data.rfind(b"\n", 0, wrong) + 1
    end = -1 if is_wide else data.find(b"\n", wrong)
    end = len(data) if end < 0 else end
    for suspect in found:
        decoder = codecs.getincrementaldecoder(suspect.encoding)()
        try:
            before = decoder.decode(data[begin:wrong])
            after = decoder.decode(data[wrong:end])
        except UnicodeDecodeError:
            continue
        sample = before[-_BEFORE:] + after[:_AFTER]
        if _is_plausible(before + after) and sample not in fitting.values():
            fitting[suspect.encoding] = sample
    return fitting


def _is_plausible(text: str) -> bool:
    """Tell whether a text has only characters that somebody may have written."""
    return all(
        char in _LAYOUT or unicodedata.category(char) not in _NOT_WRITTEN for char in set(text)
    )
