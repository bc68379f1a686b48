"""What the live display shows at a moment: figures, curves, a sample, in a terminal of any size."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from crnn.cli.chart import Curve
from crnn.cli.quantities import count, loss_in_units
from crnn.cli.visible import visible
from crnn.pace import duration
from crnn.training import bits_per_char

__all__ = ["Moment", "frame"]

_TALL: Final = 20  # lines, from which on there is room for margins and empty lines
_WIDE: Final = 60  # columns, from which on figures stand two beside each other
_LEAST: Final = 4  # lines of curve, sample and its head, and of what Ctrl-C does
_HIGHEST: Final = 16  # lines of the curves
_VALUES: Final = 32  # columns: figures that grow move nothing
_HUGE: Final = 1e6


@dataclass(frozen=True)
class Moment:
    """A training as it is now.

    Attributes
    ----------
    title, about : str
        What is trained on, and with what.
    step, total : int, int or None
        Windows trained, and in all as far as that is known.
    done : float or None
        Part of the training that is done, 0 to 1.
    elapsed, left : float, float or None
        Seconds.
    speed : float
        Characters per second.
    smooth_loss : float
        Nats per window.
    seq_length : int
        Characters of a window.
    learning_rate, gradient_norm : float
        The latest; NaN before the first.
    validates : bool
        Whether there is a validation text.
    val_loss, best_loss : float or None
        Nats per character of its last and its best validation.
    best_step : int
        After how many windows that was.
    training, validation : Curve
        Of both losses, in bits per character.
    sample, sampled_at : str, int or None
        What the model wrote last, and at which window.
    warning : str
        The last thing that a person should know, or nothing.
    hint : str
        What happens if the training is stopped now.
    """

    title: str
    about: str
    step: int
    total: int | None
    done: float | None
    elapsed: float
    left: float | None
    speed: float
    smooth_loss: float
    seq_length: int
    learning_rate: float = math.nan
    gradient_norm: float = math.nan
    validates: bool = False
    val_loss: float | None = None
    best_loss: float | None = None
    best_step: int = 0
    training: Curve = field(default_factory=Curve)
    validation: Curve = field(default_factory=Curve)
    sample: str = ""
    sampled_at: int | None = None
    warning: str = ""
    hint: str = ""


def frame(moment: Moment, console: Console) -> RenderableType:
    """Return the whole screen, never higher than the console is.

    Curves and the sample share what the rest leaves. As long as a console keeps its size, every
    part stays where it is.
    """
    is_tall = console.height >= _TALL
    margin = (1, 2) if is_tall else (0, 1)
    width = max(10, console.width - 2 * margin[1])
    gap = [Text()] if is_tall else []
    above = [
        *_heading(moment)[: 2 if is_tall else 1], *gap, _progress(moment), *gap,
        *_figures(moment, width), *_losses(moment, width), *gap,
    ]  # fmt: skip
    room = console.height - 2 * margin[0] - len(above)
    most = min(console.height // 4, room - _LEAST - 2 * len(gap))
    below = [*gap, *_footer(moment, console, width, max(1, most))]
    free = max(1, room - len(below) - 1 - len(gap))
    high = min(_HIGHEST, max(1, free // 2))
    parts = [
        *above,
        *_curves(moment, width, high),
        *gap,
        *_latest(moment, console, width, free - high),
        *below,
    ]
    return Padding(Group(*parts), margin)


def _heading(moment: Moment) -> list[Text]:
    title = Text.assemble(("crnn train  ", "bold cyan"), (visible(moment.title), "bold"))
    return [_one_line(title), _one_line(Text(moment.about, "dim"))]


def _progress(moment: Moment) -> RenderableType:
    bar = ProgressBar(
        total=None if moment.done is None else 1.0,
        completed=moment.done or 0.0,
        pulse=moment.done is None,
        complete_style="cyan",
    )
    line = Table.grid(expand=True, padding=(0, 2, 0, 0))
    line.add_column(ratio=1)
    line.add_column(justify="right", width=4)
    line.add_row(bar, Text("" if moment.done is None else f"{int(100 * moment.done)}%", "bold"))
    return line


def _figures(moment: Moment, width: int) -> list[Text]:
    """Return labels and figures, two beside each other where there is room."""
    total = "" if moment.total is None else f" of {moment.total:,}"
    left = "?" if moment.left is None else duration(moment.left)
    windows, speed = f"{moment.step:,}{total}", f"{round(moment.speed):,} characters"
    if width < _WIDE:
        rows = [("windows", windows), ("speed", f"{speed}/s"), ("left", left)]
        return [_labelled(label, value) for label, value in rows]
    pairs = [
        (("windows", windows), ("elapsed", duration(moment.elapsed))),
        (("speed", f"{speed} per second"), ("left", left)),
        (
            ("rate", _figure(moment.learning_rate)),
            ("gradient", f"norm {_figure(moment.gradient_norm)}"),
        ),
    ]
    return [
        _one_line(_labelled(label, f"{value:<{_VALUES}}").append_text(_labelled(*beside)))
        for (label, value), beside in pairs
    ]


def _losses(moment: Moment, width: int) -> list[Text]:
    nats, bits = loss_in_units(moment.smooth_loss, moment.seq_length)
    lines = [_labelled("loss", nats, f", {bits}") if width >= _WIDE else _labelled("loss", bits)]
    if not moment.validates:
        return lines
    if moment.val_loss is None or moment.best_loss is None:
        return [*lines, _labelled("valid", "not yet")]
    last, best = (bits_per_char(loss, 1) for loss in (moment.val_loss, moment.best_loss))
    if width < _WIDE:
        return [*lines, _labelled("valid", f"{last:.3f} bits", f", best {best:.3f}")]
    after = f", best {best:.3f} after {count(moment.best_step, 'window')}"
    return [*lines, _labelled("valid", f"{last:.3f} bits per character", after)]


def _labelled(label: str, value: str, more: str = "") -> Text:
    return _one_line(Text.assemble((f"{label:<9}", "dim"), (value, "bold"), more))


def _curves(moment: Moment, width: int, lines: int) -> list[Text]:
    """Return both curves above each other, over the same windows."""
    if not moment.validates or lines < 2:
        return _curve("train", moment.training, moment, width, lines, "cyan")
    low = max(1, lines // 3)
    return [
        *_curve("train", moment.training, moment, width, lines - low, "cyan"),
        *_curve("valid", moment.validation, moment, width, low, "magenta"),
    ]


def _curve(
    name: str, curve: Curve, moment: Moment, width: int, lines: int, style: str
) -> list[Text]:
    """Return a curve with its name, its highest and its lowest value at its left."""
    lowest, highest = curve.bounds()
    values = [_short(highest), *[""] * (lines - 2), _short(lowest)][-lines:]
    space = max(5, *map(len, values))
    labels = [f"{name if not at else '':<6}{value:>{space}}" for at, value in enumerate(values)]
    end = moment.total or max(1, round(moment.step / (moment.done or 1)))
    rows = curve.draw(max(1, width - len(labels[0]) - 1), lines, end)
    return [
        Text.assemble((f"{label} ", "dim"), (row, style), no_wrap=True)
        for label, row in zip(labels, rows, strict=True)
    ]


def _latest(moment: Moment, console: Console, width: int, lines: int) -> list[Text]:
    """Return the latest sample in always as many lines, so that nothing jumps."""
    if moment.sampled_at is None:
        return [Text()] * (lines + 1)
    head = _one_line(Text(f"sample at window {moment.sampled_at:,}", "dim"))
    shown = list(Text(visible(moment.sample)).wrap(console, width, overflow="fold")[:lines])
    return [head, *shown, *[Text()] * (lines - len(shown))]


def _footer(moment: Moment, console: Console, width: int, most: int) -> list[Text]:
    """Return what happened in so many lines at most, and what Ctrl-C does."""
    hint = _one_line(Text.assemble(("Ctrl-C", "bold"), f" {visible(moment.hint)}"))
    if not moment.warning:
        return [hint]
    warning = Text(visible(moment.warning, keep=""), "yellow")
    return [*warning.wrap(console, width, overflow="fold")[:most], hint]


def _figure(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else "?"


def _short(value: float) -> str:
    if math.isnan(value):
        return ""
    return f"{value:.2f}" if value < _HUGE else f"{value:.2g}"


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text
