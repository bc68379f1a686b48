"""Locks that outlive a fork: a child process is neither let in wrongly nor left waiting for ever.

A forked process has the thread that called fork and no other. A lock that one of the others held
stays taken in the child, and nobody is there to let it go; and a thread that the child starts may
have the same number as one that is gone. So nothing here waits for a lock of another process, and
who holds one is known by its `threading.Thread`, which no other thread ever is.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Alone", "Turns"]


class Alone:
    """Lets one thread into its blocks and refuses others; that thread may come again.

    Parameters
    ----------
    taken : str
        What the error says to others.
    left : str
        What it says where the thread inside is not there any more: this process was forked while
        it was, and what it was doing will never be done.

    Examples
    --------
    >>> alone = Alone("in use", "was in use when this process was forked")
    >>> with alone.inside(), alone.inside():
    ...     print("alone")
    alone
    """

    def __init__(self, taken: str, left: str) -> None:
        self._taken, self._left = taken, left
        self._lock = threading.Lock()
        self._user: threading.Thread | None = None

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Keep other threads out while the block runs.

        Raises
        ------
        RuntimeError
            If another thread is inside.
        """
        me = threading.current_thread()
        if self._user is me:
            yield
            return
        if not self._lock.acquire(blocking=False):
            user = self._user
            raise RuntimeError(self._taken if user is None or user.is_alive() else self._left)
        try:
            self._user = me
            yield
        finally:
            self._user = None
            self._lock.release()


class Turns:
    """Lets one thread after the other into its blocks, in each process by a lock of its own.

    Examples
    --------
    >>> turns = Turns()
    >>> with turns.here():
    ...     print(turns.here().locked())
    True
    """

    def __init__(self) -> None:
        self._locks: dict[int, threading.Lock] = {}

    def here(self) -> threading.Lock:
        """Return the lock of this process."""
        return self._locks.setdefault(os.getpid(), threading.Lock())
