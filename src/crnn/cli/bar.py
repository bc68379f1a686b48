"""A bar on standard error while bytes are gone through, for somebody who looks and waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

__all__ = ["byte_bar"]

_PATIENCE = 0.5  # seconds without a sign


@contextmanager
def byte_bar(doing: str, shown: bool = True) -> Iterator[Callable[[int, int | None], None]]:
    """Show how far something is, and take the bar away in the end.

    It shows after half a second that something goes on, also before anything is told.

    Parameters
    ----------
    doing : str
        What is going on, e.g. "reading".
    shown : bool
        False: show nothing.

    Yields
    ------
    callable
        ``tell(done, total)``: bytes; `total` is None if nobody knows.
    """
    console = Console(stderr=True)
    columns = (TextColumn(doing), BarColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    hidden = not shown or not console.is_terminal or console.is_dumb_terminal
    # Standard output is the command's own: it may be a file, and must not go to this console.
    bars = Progress(
        *columns, console=console, transient=True, disable=hidden, redirect_stdout=False,
        redirect_stderr=False,
    )  # fmt: skip
    shower = threading.Timer(_PATIENCE, bars.start)
    shower.name, shower.daemon = "crnn-bar", True
    task, begin = bars.add_task(doing, total=None), time.monotonic()

    def tell(done: int, total: int | None) -> None:
        if time.monotonic() - begin > _PATIENCE:
            bars.start()
        bars.update(task, completed=done, total=total)

    if not hidden:
        shower.start()
    try:
        yield tell
    finally:
        shower.cancel()
        if not hidden:
            shower.join()
        if bars.live.is_started:
            bars.stop()
