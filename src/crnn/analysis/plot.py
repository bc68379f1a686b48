"""A picture of loss curves: what a paper or a report shows of trainings, drawn by matplotlib.

Runs differ in colour and in the shape of their marks, so they can be told apart without colours;
training is a thin line, validation a thick one with marks. matplotlib comes with ``crnn[plot]`` and
is imported when a picture is drawn.
"""

from __future__ import annotations

import html
import io
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

from crnn.analysis.curves import RunCurves, curves_of, is_comparable
from crnn.log import Run

__all__ = ["KINDS", "picture"]

KINDS: Final = ("png", "svg", "pdf", "html")
"""What a picture can be."""

_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Of Okabe and Ito: told apart by all kinds of eyes, on white and on black."""
_MARKS: Final = "os^DvP"
_LINES: Final = ("-", "--", ":", "-.")  # another one when the colours begin again
_INK: Final = "#010203"  # of all that is no curve; a page replaces it with its own
_WIDTH, _HEIGHT, _ROW = 7.0, 3.9, 0.2  # inches: of all, but for the names; of a row of names
_DOTS: Final = 200  # an inch, of a PNG
_STYLE: Final = {
    "font.size": 9.0,
    "text.parse_math": False,  # a name may have dollars
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "svg.hashsalt": "crnn",  # the same logs, the same file
    "pdf.fonttype": 42,  # letters that stay letters
}
_BEGINNING: Final = 0.05  # of a run, in which its loss may be above the picture
_MARGIN: Final = 1.01  # at the right, for half a mark
_LINE_HEIGHT: Final = 1.25  # from one label to the next, in heights of a letter
_LEGEND_WIDTH: Final = 100  # letters
_MOST_MARKS: Final = 40  # on a curve
_MOST_PAIRS: Final = 8  # of last values, of training and validation
_TRAINING: Final = {"linewidth": 0.9, "alpha": 0.7}
_VALIDATION: Final = {"linewidth": 1.8}
_UNSAID: Final[dict[str, dict[str, None]]] = {  # in the file, that it may be the same tomorrow
    "svg": dict.fromkeys(("Creator", "Date", "Format", "Type")),
    "pdf": dict.fromkeys(("Creator", "CreationDate", "Producer")),
}
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }}
svg {{ width: 100%; height: auto; }}
</style>
</head>
<body>
{picture}
</body>
</html>
"""


def picture(
    runs: Sequence[Run],
    labels: Sequence[str],
    kind: str = "png",
    *,
    unit: str = "bits",
    log_x: bool = False,
    title: str = "",
) -> bytes:
    """Draw the loss curves of trainings.

    Parameters
    ----------
    runs : sequence of Run
        Their logs, at least one.
    labels : sequence of str
        What to call each.
    kind : {"png", "svg", "pdf", "html"}
        A page of HTML has all in it and takes its colours from the reader's: light or dark.
    unit : {"bits", "nats"}
        Of the losses, per character.
    log_x : bool
        Whether windows are on a logarithmic axis. Otherwise the steep beginning of a training may
        be above the picture.
    title : str
        Above the picture.

    Returns
    -------
    bytes
        The file. Runs with windows of different sizes are drawn over the characters that they
        were trained on.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no runs, not as many labels, no such kind or unit, or a run has no report yet.

    Examples
    --------
    >>> from crnn.history import Report
    >>> reports = tuple(Report(n, 90 - n / 100, 5.0) for n in range(0, 5000, 1000))
    >>> run = Run("run.jsonl", {"settings": {"seq_length": 25, "batch_size": 1}}, reports)
    >>> picture([run], ["run"], "svg")[:5]
    b'<?xml'
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}, expected {', '.join(KINDS[:-1])} or {KINDS[-1]}")
    if not runs or len(runs) != len(labels):
        raise ValueError(f"runs are {len(runs)} and labels {len(labels)}, expected one for each")
    by_characters = not is_comparable(runs)
    curves = [curves_of(run, unit, by_characters=by_characters) for run in runs]
    with _style() as matplotlib:
        figure = _figure(matplotlib, curves, labels)
        axes = figure.axes[0]
        axes.set_xlabel("characters trained on" if by_characters else "windows trained")
        axes.set_ylabel(f"{unit} per character")
        axes.set_title(title)
        _fit(matplotlib, axes, curves, log_x)
        _say_ends(figure, curves)
        if kind == "html":
            return _page(_bytes_of(figure, "svg", transparent=True), title or ", ".join(labels))
        return _bytes_of(figure, kind)


@contextmanager
def _style() -> Iterator[Any]:
    """Yield matplotlib with our style in place of the user's, for as long as the block runs."""
    try:
        import matplotlib
        import matplotlib.figure
        import matplotlib.lines
        import matplotlib.ticker
    except ImportError as error:
        raise ImportError(
            f"a picture needs matplotlib, which does not load here ({error}): "
            "pip install 'crnn[plot]'"
        ) from error
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing")  # a letter of a name becomes a box
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield matplotlib


def _figure(matplotlib: Any, curves: Sequence[RunCurves], labels: Sequence[str]) -> Any:
    """Return a figure with all curves, and below them their names."""
    line = matplotlib.lines.Line2D
    columns = max(1, min(len(labels), 3, _LEGEND_WIDTH // (max(map(len, labels)) + 8)))
    height = _HEIGHT + _ROW * -(-len(labels) // columns)
    figure = matplotlib.figure.Figure((_WIDTH, height), layout="constrained")
    axes = figure.add_subplot()
    axes.grid(axis="y", color=_INK, alpha=0.12, linewidth=0.6)
    is_validated = any(len(run.validation.x) for run in curves)
    width = _TRAINING if is_validated else _VALIDATION  # alone it need not stand back
    handles = []
    for number, run in enumerate(curves):
        colour, mark, style = _look(number)
        _draw(axes, run, width, mark, color=colour, linestyle=style)
        handles.append(line([], [], color=colour, marker=mark, markersize=4, linestyle=style))
    figure.legend(handles, labels, loc="outside lower left", frameon=False, ncols=columns)
    if is_validated:
        kinds = [line([], [], color=_INK, **look) for look in (_TRAINING, _VALIDATION)]
        axes.legend(kinds, ["training, smooth", "validation"], loc="upper right", frameon=False)
    return figure


def _fit(matplotlib: Any, axes: Any, curves: Sequence[RunCurves], log_x: bool) -> None:
    """Let the axes show what is of interest: of a training not its steep beginning."""
    right = _MARGIN * max(run.training.x[-1] for run in curves)
    if log_x:
        axes.set_xscale("log")
        axes.set_xlim(min(run.training.x[:2][-1] for run in curves) * 0.99, right)
    else:
        axes.set_xlim(0, right)
        axes.set_ylim(top=_top(curves))
    axes.xaxis.set_major_formatter(matplotlib.ticker.EngFormatter(sep=""))
    axes.xaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())


def _look(number: int) -> tuple[str, str, str]:
    """Return colour, mark and line of a run."""
    again, place = divmod(number, len(_COLOURS))
    return _COLOURS[place], _MARKS[place], _LINES[again % len(_LINES)]


def _draw(axes: Any, run: RunCurves, width: dict[str, float], marker: str, **look: str) -> None:
    """Draw training (in that width) and validation of a run, with marks on the latter if it is."""
    marked = run.validation if len(run.validation.x) else run.training
    marks = {
        "marker": marker, "markersize": 4, "markeredgewidth": 0.0,
        "markevery": -(-len(marked.x) // _MOST_MARKS),
    }  # fmt: skip
    for curve, line in ((run.training, width), (run.validation, _VALIDATION)):
        axes.plot(curve.x, curve.y, **look, **line, **(marks if curve is marked else {}))


def _top(curves: Sequence[RunCurves]) -> float:
    """Return where the picture ends: the beginning of a training is steep, and not of interest."""
    low, high = math.inf, -math.inf
    for run in curves:
        train, val = run.training, run.validation
        shown = np.concatenate([train.y[train.x >= _BEGINNING * train.x[-1]], val.y])
        low, high = min(low, train.y.min()), max(high, shown.max())
    return high + 0.05 * max(high - low, 0.05 * high)


def _say_ends(figure: Any, curves: Sequence[RunCurves]) -> None:
    """Write the last value of every curve at the right of it, none over another.

    Where there are too many, those of trainings with a validation are left out.
    """
    axes = figure.axes[0]
    ends = []
    for number, run in enumerate(curves):
        colour, is_validated = _look(number)[0], len(run.validation.y) > 0
        if is_validated:
            ends.append((run.validation.y[-1], colour, "bold"))
        if not is_validated or len(curves) <= _MOST_PAIRS:
            ends.append((run.training.y[-1], colour, "normal"))
    ends.sort()
    bottom, top = axes.get_ylim()
    height = _LINE_HEIGHT * axes.xaxis.label.get_size() / 72 / (0.85 * _HEIGHT) * (top - bottom)
    places = _apart([value for value, _, _ in ends], height)
    for (value, colour, weight), place in zip(ends, places, strict=True):
        axes.annotate(
            f"{value:.3f}", (1.0, place), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", va="center", color=colour, weight=weight,
            annotation_clip=False,
        )  # fmt: skip


def _apart(values: Sequence[float], least: float) -> list[float]:
    """Return places near rising values, each at least so far above the one before.

    Values that are too near are spread around their mean, like books pushed along a shelf.

    Examples
    --------
    >>> _apart([1.0, 1.5, 4.0], 1.0)
    [0.75, 1.75, 4.0]
    """
    groups: list[list[float]] = []  # sum of the values less their shifts, and how many
    for value in values:
        groups.append([value, 1.0])
        while len(groups) > 1:
            (sum1, n1), (sum2, n2) = groups[-2:]
            first1, first2 = (s / n - least * (n - 1) / 2 for s, n in ((sum1, n1), (sum2, n2)))
            if first1 + least * n1 <= first2:
                break
            groups[-2:] = [[sum1 + sum2, n1 + n2]]
    return [
        total / n - least * (n - 1) / 2 + least * place
        for total, n in groups
        for place in range(int(n))
    ]


def _bytes_of(figure: Any, kind: str, *, transparent: bool = False) -> bytes:
    """Return a figure as a file that says nothing of when it was made."""
    file = io.BytesIO()
    figure.savefig(
        file, format=kind, dpi=_DOTS, transparent=transparent, metadata=_UNSAID.get(kind)
    )
    return file.getvalue()


def _page(svg: bytes, title: str) -> bytes:
    """Return a page with a picture in it, in the colours that its reader prefers."""
    drawn = svg.decode()
    drawn = drawn[drawn.index("<svg") :].replace(_INK, "currentColor")
    return _PAGE.format(title=html.escape(title), picture=drawn).encode()
