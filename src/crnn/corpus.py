"""Reading text: bytes of a file to a str, and the text that every Python brings along.

The text is the file's, character for character: no newline is translated and nothing is stripped
but the byte-order mark that some editors put before UTF-8. A file that would give no text, or
another text than was written, is an error that says where and what to do.

It does not guess encodings, read standard input, or know vocabularies.
"""

from __future__ import annotations

import codecs
import importlib
import os
from pathlib import Path

__all__ = ["TextError", "decode_text", "default_text", "read_text"]

_BYTE_ORDER_MARK = "\ufeff"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class TextError(ValueError):
    """A text that cannot be had: an empty or undecodable file, an unknown encoding."""


def read_text(path: str | os.PathLike[str], encoding: str = "utf-8") -> str:
    r"""Read a whole text file, every character and newline as it stands.

    Parameters
    ----------
    path : str or path-like
        The file.
    encoding : str, optional
        Any text encoding that Python knows: "utf-8", "latin-1", "cp1251", "utf-16"...

    Returns
    -------
    str
        At least one character.

    Raises
    ------
    TypeError
        `path` is not a path or `encoding` not a str.
    FileNotFoundError, IsADirectoryError, PermissionError, OSError
        There is no such file, it is a folder, or it cannot be read.
    TextError
        The file is empty or not in that encoding, or nothing has that encoding's name.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "two lines.txt")
    ...     _ = path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\n")
    ...     read_text(path)
    'one\r\ntwo\n'
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path is a {type(path).__name__}, expected a str or pathlib.Path")
    if not isinstance(encoding, str):
        raise TypeError(f'encoding is a {type(encoding).__name__}, expected a str such as "utf-8"')
    shown = os.fspath(path)
    return decode_text(_read_bytes(path, shown), encoding, repr(shown))


def decode_text(data: bytes, encoding: str = "utf-8", source: str = "data") -> str:
    r"""Return the text that bytes stand for, every character and newline as it stands.

    Parameters
    ----------
    data : bytes
        The bytes; a byte-order mark of UTF-8 is left out.
    encoding : str, optional
        As for `read_text`.
    source : str, optional
        What errors call the data.

    Raises
    ------
    TextError
        There is no character, the bytes are not in that encoding, or nothing has its name.

    Examples
    --------
    >>> decode_text(b"na\xefve", "latin-1")
    'naïve'
    """
    text = _decode(data, encoding, source)
    if not text:
        raise TextError(f"{source} is empty, expected a text; is it the right file?")
    return text


def default_text() -> str:
    """Return the language reference of this Python, the text to train on when none is given.

    It is the values of ``pydoc_data.topics.topics`` in sorted order of their keys, a newline
    between two of them: about half a million characters, not the same for every Python version.

    Returns
    -------
    str

    Raises
    ------
    TextError
        This Python was installed without its documentation topics.

    Examples
    --------
    >>> len(default_text()) > 100_000
    True
    """
    try:
        topics: dict[str, str] = importlib.import_module("pydoc_data.topics").topics
    except (ImportError, AttributeError) as error:
        raise TextError(
            "this Python lacks the module pydoc_data.topics, the text used when none is given; "
            "name a text file, or use a complete Python installation"
        ) from error
    return "\n".join(topics[key] for key in sorted(topics))


def _read_bytes(path: str | os.PathLike[str], shown: str) -> bytes:
    """Return the bytes of a file; an OSError keeps its type and says what to do."""
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as error:
        message = f"there is no file {shown!r}; check its name and the current folder"
        raise _reworded(error, message) from error
    except IsADirectoryError as error:
        message = f"{shown!r} is a folder, expected a text file; name a file inside it"
        raise _reworded(error, message) from error
    except PermissionError as error:
        if Path(path).is_dir():  # what Windows says when a folder is opened
            raise IsADirectoryError(f"{shown!r} is a folder, expected a text file") from error
        message = f"{shown!r} may not be read; check its permissions"
        raise _reworded(error, message) from error
    except OSError as error:
        raise _reworded(error, f"{shown!r} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise TextError(f"path is {shown!r}, which cannot be a file's name: {error}") from error


def _reworded(error: OSError, message: str) -> OSError:
    """Return an error of the same type and errno whose str is just `message`."""
    reworded = type(error)(message)
    reworded.errno = error.errno
    return reworded


def _decode(data: bytes, encoding: str, source: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise TextError(_describe_undecodable(data, encoding, source, error)) from error
    except (LookupError, ValueError) as error:
        raise TextError(
            f"encoding is {encoding!r}, which does not work here ({error}), expected a text "
            "encoding of Python such as utf-8, latin-1, cp1251 or utf-16"
        ) from error
    return text.removeprefix(_BYTE_ORDER_MARK) if _is_utf8(encoding) else text


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name == "utf-8"


def _describe_undecodable(
    data: bytes, encoding: str, source: str, error: UnicodeDecodeError
) -> str:
    """Say which byte is wrong, where, and which encoding to try."""
    offset = len(data) - len(error.object) + error.start  # utf-8-sig counts from after its mark
    message = (
        f"{source} is not {encoding}: the byte 0x{data[offset : offset + 1].hex()} "
        f"at offset {offset} is wrong there ({error.reason}); "
    )
    if not _is_utf8(encoding):
        return message + "name the file's encoding with --encoding"
    if data.startswith(_UTF16_MARKS):
        return message + "it begins like UTF-16: try --encoding utf-16"
    return message + "name its encoding, e.g. --encoding latin-1 or --encoding cp1251"
