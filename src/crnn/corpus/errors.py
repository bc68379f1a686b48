"""What goes wrong with texts, in words that name the file and say what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

__all__ = ["TextError", "opening", "reworded"]


class TextError(ValueError):
    """A text that cannot be had: an empty, damaged or undecodable file, an unknown encoding."""


def reworded(error: OSError, message: str) -> OSError:
    """Return an error of the same type and errno whose str is just `message`."""
    other = type(error)(message)
    other.errno = error.errno
    return other


@contextlib.contextmanager
def opening(shown: str) -> Iterator[None]:
    """Reword what the system says when a file or folder cannot be opened or read.

    Parameters
    ----------
    shown : str
        What the error calls the file: its quoted name.

    Raises
    ------
    OSError
        Of the type that came.
    TextError
        The name is none that a file could have.
    """
    try:
        yield
    except FileNotFoundError as error:
        message = f"there is no file {shown}; check its name and the current folder"
        raise reworded(error, message) from error
    except PermissionError as error:
        raise reworded(error, f"{shown} may not be read; check its permissions") from error
    except OSError as error:
        raise reworded(error, f"{shown} cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # a NUL, or a lone surrogate that stands for no byte
        raise TextError(f"path is {shown}, which cannot be a file's name: {error}") from error
