"""Bytes that wait to be read again: in memory while they are few, then in a temporary file."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO, Final

__all__ = ["MOST_IN_MEMORY", "Spool"]

MOST_IN_MEMORY: Final = 64 << 20
"""Bytes of a text, as it is kept while it is read, beyond which it goes to the disk."""


class Spool:
    """Bytes that are written first and read afterwards.

    Parameters
    ----------
    on_disk : callable or None
        Opens a temporary file to go on in when there is more than `most`; with None everything
        stays in memory.
    most : int, optional
        Bytes to keep in memory.

    Examples
    --------
    >>> spool = Spool(None)
    >>> spool.write(b"abc")
    >>> spool.rewind()
    >>> spool.read(2), spool.read(2)
    (b'ab', b'c')
    """

    def __init__(self, on_disk: Callable[[], BinaryIO] | None, most: int = MOST_IN_MEMORY) -> None:
        self._on_disk, self._most = on_disk, most
        self._memory = io.BytesIO()
        self._file: BinaryIO = self._memory
        self._size = 0

    @property
    def is_on_disk(self) -> bool:
        """Whether there were more bytes than are kept in memory."""
        return self._file is not self._memory

    def write(self, data: bytes) -> None:
        """Add bytes at the end."""
        self._size += len(data)
        if self._on_disk is not None and self._size > self._most and not self.is_on_disk:
            file = self._on_disk()
            file.write(self._memory.getbuffer())
            self._memory.close()
            self._file = file
        self._file.write(data)

    def rewind(self) -> None:
        """Go to the beginning, to read."""
        self._file.seek(0)

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, or what is left of them."""
        return self._file.read(size)

    def close(self) -> None:
        """Give memory and file back."""
        self._file.close()
