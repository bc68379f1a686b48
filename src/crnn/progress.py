"""Progress: a line that shows how far a training is, in a terminal or a notebook.

``Trainer.train(progress=True)`` comes here; the trainer itself shows nothing. In a terminal the
line is rich's, on standard error; in a notebook it is a little HTML that is replaced in its place,
which needs no widgets. Anywhere else nothing is shown. Whoever draws it only reads the trainer.
"""

from __future__ import annotations

import contextlib
import html
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from crnn.pace import Pace, duration, progress_of
from crnn.training import bits_per_char

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from crnn.trainer import Trainer

__all__ = ["shown"]

_PERIOD: Final = 0.25  # seconds
_WIDTH: Final = 12  # columns of the bar
_PAGE: Final = (
    '<div style="font-family: monospace; white-space: pre-wrap">'
    '<progress max="1"{value} style="width: 20em; vertical-align: middle"></progress> {words}</div>'
)


@contextlib.contextmanager
def shown(trainer: Trainer, end: Callable[[], int | None]) -> Iterator[None]:
    """Show how far a training is while the block runs.

    Parameters
    ----------
    trainer : Trainer
        Which one.
    end : callable
        Returns at which window it will end; None if the clock has yet to say.

    Examples
    --------
    >>> import crnn
    >>> trainer = crnn.Trainer(crnn.RNN("ab", hidden_size=4), "ab" * 50)
    >>> with shown(trainer, lambda: 100):
    ...     trainer.train(100)
    """
    state = _State(trainer, end)
    if (handle := _notebook_handle()) is not None:
        with _redrawn(lambda: handle.update({"text/html": _page(state)}, raw=True)):
            yield
        return
    with _in_terminal(state) if _has_terminal() else contextlib.nullcontext():
        yield


class _State:
    """How far a training is, each time it is asked."""

    def __init__(self, trainer: Trainer, end: Callable[[], int | None]) -> None:
        self._trainer = trainer
        self._end = end
        self._first = trainer.step
        self._begin = time.monotonic()
        self._pace = Pace(trainer.step)

    def now(self) -> tuple[float | None, str]:
        """Return which part is done, if that is known, and the figures in words."""
        trainer, settings = self._trainer, self._trainer.settings
        step, end, elapsed = trainer.step, self._end(), time.monotonic() - self._begin
        pace = self._pace.mark(step)
        total = None if end is None else end - self._first
        done, left = progress_of(step - self._first, total, pace, elapsed, settings.time)
        words = [
            f"{step:,}" if end is None else f"{step:,}/{end:,}",
            f"{trainer.bits_per_char:.3f} bits",
        ]
        if trainer.best_val_loss is not None:
            words.append(f"valid {bits_per_char(trainer.best_val_loss, 1):.3f}")
        words.append(f"{round(pace * settings.seq_length * settings.batch_size):,} chars/s")
        words.append(f"{duration(left)} left" if left else f"{duration(elapsed)} gone")
        return done, "  ".join(words)


# --- In a terminal -------------------------------------------------------------------------------


def _has_terminal() -> bool:
    """Tell whether somebody looks at standard error, in a terminal that can replace a line."""
    if sys.stderr is None or not sys.stderr.isatty():
        return False
    return not _console().is_dumb_terminal


def _console() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def _in_terminal(state: _State) -> contextlib.AbstractContextManager[object]:
    """Return a line of rich's that draws itself; what the program prints goes above it."""
    from rich.live import Live

    return Live(
        get_renderable=lambda: _line(state), console=_console(), refresh_per_second=1 / _PERIOD
    )


def _line(state: _State) -> RenderableType:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    done, words = state.now()
    bar = ProgressBar(
        total=None if done is None else 1.0, completed=done or 0.0, pulse=done is None, width=_WIDTH
    )
    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_column(width=_WIDTH)
    line.add_column(no_wrap=True, overflow="ellipsis")
    line.add_row(bar, Text(words))
    return line


# --- In a notebook -------------------------------------------------------------------------------


def _notebook_handle() -> Any:
    """Return the handle of a new output below the running cell; None if this is no notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):  # a terminal's has none
        return None
    from IPython.display import display

    show: Callable[..., Any] = display  # has no types of its own
    return show({"text/html": ""}, raw=True, display_id=True)


def _page(state: _State) -> str:
    done, words = state.now()
    value = "" if done is None else f' value="{done:.4f}"'
    return _PAGE.format(value=value, words=html.escape(words))


@contextlib.contextmanager
def _redrawn(draw: Callable[[], None]) -> Iterator[None]:
    """Call `draw` every now and then while the block runs, and once at its end."""
    over = threading.Event()

    def keep_drawing() -> None:
        while not over.wait(_PERIOD):
            draw()

    thread = threading.Thread(target=keep_drawing, name="crnn-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        draw()
