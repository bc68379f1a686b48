"""Bytes to characters, piece by piece, and what to try where they are no characters."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from crnn.corpus.errors import TextError
from crnn.corpus.reading import BYTES

__all__ = ["BYTE_ORDER_MARK", "decoded", "is_utf8"]

BYTE_ORDER_MARK: Final = "\ufeff"

_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",  # begins like the next one
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_CANDIDATES: Final = (
    "utf-8", "latin-1", "cp1252", "cp1251", "cp932", "gb18030", "cp949", "big5",
)  # fmt: skip
_WIDE: Final = ("utf-16-le", "utf-16-be")
_SUGGESTED: Final = 5
_BEFORE, _AFTER = 10, 10  # characters that show what an encoding would make of it
_NOT_WRITTEN: Final = {"Cc", "Cn", "Co", "Cs"}  # controls, unassigned, private, surrogates
_LAYOUT: Final = frozenset("\t\n\v\f\r")


def decoded(pieces: Iterable[bytes], encoding: str, shown: str) -> Iterator[str]:
    r"""Yield the characters that bytes stand for, every one and every newline as it stands.

    Parameters
    ----------
    pieces : iterable of bytes
        The bytes of a file, cut anywhere.
    encoding : str
        A text encoding of Python, or "bytes". The byte-order mark of UTF-8 is left as U+FEFF.
    shown : str
        What errors call the file.

    Raises
    ------
    TextError
        The bytes are not in that encoding: says which byte, at which offset of the decompressed
        file, and which encodings would decode what stands there.

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
        raise TextError(_describe(error, at, beginning, seen, encoding, shown)) from error
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


def _describe(
    error: UnicodeDecodeError, at: int, beginning: bytes, seen: bytes, encoding: str, shown: str
) -> str:
    """Say which byte is wrong, where, and which encodings fit the bytes around it."""
    wrong = error.object[error.start : error.start + 1].hex()
    message = (
        f"{shown} is not {encoding}: the byte 0x{wrong} at offset {at:,} is wrong there "
        f"({error.reason}); "
    )
    marked = [name for mark, name in _MARKS.items() if beginning.startswith(mark)]
    if marked and marked[0] != encoding:
        return message + f"it begins like {marked[0].upper()}: try --encoding {marked[0]}"
    fitting = _fitting(seen, len(seen) - len(error.object) + error.start)
    fitting.pop(codecs.lookup(encoding).name, None)  # what is cut at the file's end
    tries = [f"--encoding {name} ({sample!r})" for name, sample in fitting.items()]
    tries.append("--encoding bytes to model the bytes themselves")
    return message + "try " + ", ".join(tries[:-1]) + (", or " if fitting else "") + tries[-1]


def _fitting(data: bytes, wrong: int) -> dict[str, str]:
    """Return the encodings that decode `data` from the line of the wrong byte on, and a sample."""
    found: dict[str, str] = {}
    is_wide = data.count(0) * 4 > len(data)  # any two bytes may be UTF-16: only the usual ones
    begin = 0 if is_wide else data.rfind(b"\n", 0, wrong) + 1
    for encoding in _WIDE if is_wide else _CANDIDATES:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            before = decoder.decode(data[begin:wrong])
            after = decoder.decode(data[wrong:])
        except UnicodeDecodeError:
            continue
        sample = before[-_BEFORE:] + after[:_AFTER]
        if _is_plausible(before) and _is_plausible(after) and sample not in found.values():
            found[encoding] = sample
    return dict(list(found.items())[:_SUGGESTED])


def _is_plausible(text: str) -> bool:
    """Tell whether a text has only characters that somebody may have written."""
    return all(
        char in _LAYOUT or unicodedata.category(char) not in _NOT_WRITTEN for char in set(text)
    )
