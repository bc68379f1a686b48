"""The signals that ask a command to stop: as requests to what goes on, or as an exception."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any, Final, Self

__all__ = ["Signals", "Stopped", "Stopping"]

_STOPPING: Final = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP


class Signals:
    """SIGINT, SIGTERM and SIGHUP as requests to stop, for as long as the block runs.

    A signal that is ignored stays so: shells do that to jobs in the background, nohup to SIGHUP.

    Parameters
    ----------
    stop : callable
        Called in the handler; nothing else happens there.

    Attributes
    ----------
    received : int or None
        Number of the first signal.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self.received: int | None = None
        self._stop = stop
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in (getattr(signal, name) for name in _STOPPING if hasattr(signal, name)):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            # None: it was not Python's, which cannot install it again
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is None:
            self.received = number
        self._stop()


class Stopped(KeyboardInterrupt):
    """A signal stopped a command.

    Attributes
    ----------
    number : int
        Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Stopping(Signals):
    """The same signals as an exception in one part of the block; elsewhere they wait for that part.

    So they do not interrupt what makes a file and takes it away again. Only the first one counts.
    """

    def __init__(self) -> None:
        super().__init__(self._leave)
        self._inside = False

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Let a signal raise in this part; one that came before does at once.

        Raises
        ------
        Stopped
            Where it came.
        """
        self._inside = True
        try:
            if self.received is not None:
                raise Stopped(self.received)
            yield
        finally:
            self._inside = False

    def _leave(self) -> None:
        if self._inside and self.received is not None:
            self._inside = False
            raise Stopped(self.received)
