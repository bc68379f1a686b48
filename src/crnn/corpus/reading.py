"""How texts are read: one dataclass of checked values."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass
from typing import Any, Final

from crnn import arguments
from crnn.corpus.errors import TextError

__all__ = ["BYTES", "Reading"]

BYTES: Final = "bytes"
"""The encoding that takes the byte b for the character U+00b."""

_CHOICES: Final = {
    "normalize": ("none", "NFC", "NFKC"),
    "newlines": ("keep", "unix"),
    "documents": ("none", "file", "line"),
}
_NOT_OF_TEXT: Final = {"idna", "punycode"}  # of names; what they decode depends on where it is cut


@dataclass(frozen=True, kw_only=True)
class Reading:
    r"""How to read texts.

    The text of a file is made in this order: its bytes are decompressed and decoded, then come
    `newlines`, `normalize`, `lowercase`. The texts of all files are joined, nothing between them,
    and then the characters that are rarer than `min_count` in the whole are replaced.

    Parameters
    ----------
    encoding : str
        Any text encoding that Python knows: "utf-8", "latin-1", "cp1251", "utf-16"... A byte-order
        mark at the beginning of UTF-8 is left out. "bytes" takes the byte b for the character
        U+00b, whatever the file is; nothing else that changes characters goes with it.
    normalize : {"none", "NFC", "NFKC"}
        The Unicode normal form to bring a text to.
    newlines : {"keep", "unix"}
        Whether "\\r\\n" and "\\r" become "\\n".
    lowercase : bool
        Whether a text is made lower case, as by `str.lower`.
    min_count : int
        Characters that occur less often become U+FFFD, the replacement character.
    documents : {"none", "file", "line"}
        Which parts stay apart: none, the files, or the lines. A line ends with its "\\n"; an
        empty line is a document of one character; a file's end ends a line.
    glob : str
        Which files of a folder are read, as for `pathlib.PurePath.match`: "\*.txt" in any of
        its folders, "poems/\*.txt" in those that are called poems.

    Raises
    ------
    TypeError
        A value is of another type.
    TextError
        A value is none of those above; nothing has the encoding's name.

    Examples
    --------
    >>> Reading(normalize="NFC", documents="line").encoding
    'utf-8'
    >>> Reading(newlines="dos")
    Traceback (most recent call last):
        ...
    crnn.corpus.errors.TextError: newlines is 'dos', expected 'keep' or 'unix'
    """

    encoding: str = "utf-8"
    normalize: str = "none"
    newlines: str = "keep"
    lowercase: bool = False
    min_count: int = 1
    documents: str = "none"
    glob: str = "*"

    def __post_init__(self) -> None:
        _check_encoding(self.encoding)
        for name, choices in _CHOICES.items():
            _check_choice(name, getattr(self, name), choices)
        if not isinstance(self.lowercase, bool):
            raise TypeError(f"lowercase is {self.lowercase!r}, expected True or False")
        try:
            least = arguments.integer("min_count", self.min_count, least=1)
        except ValueError as error:
            raise TextError(str(error)) from None
        object.__setattr__(self, "min_count", least)
        _check_glob(self.glob)
        if self.encoding == BYTES:
            self._check_bytes()

    def _check_bytes(self) -> None:
        """Refuse what would make other bytes of the bytes."""
        plain = {"normalize": "none", "newlines": "keep", "lowercase": False, "min_count": 1}
        for name, value in plain.items():
            if getattr(self, name) != value:
                raise TextError(
                    f"{name} is {getattr(self, name)!r}, expected {value!r} beside the encoding "
                    "'bytes', which keeps every byte; leave it out, or name a text encoding"
                )


def _check_encoding(encoding: Any) -> None:
    if not isinstance(encoding, str):
        raise TypeError(f'encoding is a {type(encoding).__name__}, expected a str such as "utf-8"')
    if encoding == BYTES:
        return
    reason = "it is no encoding of texts"
    try:
        b"text".decode(encoding)
        if encoding.lower() not in _NOT_OF_TEXT:
            return
    except UnicodeDecodeError:
        return  # a text encoding, in which these bytes are nothing
    except (LookupError, ValueError) as error:
        reason = str(error)
    raise TextError(
        f"encoding is {encoding!r}, which does not work here ({reason}), expected a text encoding "
        "of Python such as utf-8, latin-1, cp1251 or utf-16; or bytes"
    )


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} is a {type(value).__name__}, expected a str")
    if value not in choices:
        *others, last = map(repr, choices)
        raise TextError(f"{name} is {value!r}, expected {', '.join(others)} or {last}")


def _check_glob(glob: Any) -> None:
    if not isinstance(glob, str):
        raise TypeError(f'glob is a {type(glob).__name__}, expected a str such as "*.txt"')
    try:
        pathlib.PurePosixPath("a").match(glob)
    except ValueError:
        raise TextError(f"glob is {glob!r}, expected a pattern such as '*.txt'") from None
