"""``crnn plot``: the loss curves of trainings, out of their logs, in one picture."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from crnn.analysis.curves import curves_of
from crnn.analysis.plot import KINDS, picture
from crnn.cli.inputs import STANDARD_INPUT, standard_input
from crnn.cli.notes import Notes
from crnn.cli.program import HELP_NAMES, explained
from crnn.cli.quantities import count, file_size
from crnn.cli.visible import visible
from crnn.log import Run, parse_log, read_log

__all__ = ["command"]

_LONGEST = 60  # letters of a name


@click.command("plot", context_settings=HELP_NAMES, short_help="Draw the loss curves of trainings.")
@click.argument("logs", metavar="LOG...", nargs=-1, required=True, type=click.Path())
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    default="curve.png",
    show_default=True,
    type=click.Path(),
    help=f"The picture; its ending says what it is: {', '.join(KINDS)}.",
)
@click.option(
    "--bits/--nats", "in_bits", default=True, help="Unit of the losses, per character.  [bits]"
)
@click.option("--log-x", is_flag=True, help="Windows on a logarithmic axis.")
@click.option("--title", default="", metavar="WORDS", help="Above the picture.")
def command(logs: tuple[str, ...], output: str, in_bits: bool, log_x: bool, title: str) -> None:
    """Draw training and validation loss of one or several trainings in one picture.

    LOG is a file that crnn train --log wrote; that of a training which still runs, too; - is
    standard input. A picture needs matplotlib: pip install 'crnn[plot]'.
    """
    kind = os.path.splitext(output)[1].removeprefix(".").lower()
    if kind not in KINDS:
        raise click.UsageError(
            f"-o is {output!r}, expected a file that ends in .{', .'.join(KINDS[:-1])} or "
            f".{KINDS[-1]}"
        )
    unit = "bits" if in_bits else "nats"
    with explained():
        runs = [_run_of(log) for log in logs]
        drawn = picture(runs, labels_of(logs), kind, unit=unit, log_x=log_x, title=visible(title))
        _write(output, drawn)
    for run in runs:
        _warn_of_few(run)
    Notes().say(f"Saved    {output} ({file_size(len(drawn))})")


def _run_of(log: str) -> Run:
    """Return the training that a log tells of, a file or standard input."""
    if log == STANDARD_INPUT:
        return parse_log(standard_input("a log").read(), "standard input")
    return read_log(log)


def _warn_of_few(run: Run) -> None:
    """Say of a log that it has no curve yet: a line needs two points."""
    points = len(curves_of(run).training.x)
    if points < 2:
        Notes().warn(
            f"log {run.path!r} has {count(points, 'report')}, which is a point and no curve: "
            "train on, or with a smaller --report-every"
        )


def _write(path: str, drawn: bytes) -> None:
    try:
        with open(path, "wb") as file:
            file.write(drawn)
    except OSError as error:
        raise OSError(f"picture {path!r} cannot be written: {error.strerror or error}") from error


def labels_of(paths: Sequence[str]) -> list[str]:
    """Return what to call logs: their names, with as much of their folders as tells them apart.

    Examples
    --------
    >>> labels_of(["a/run.jsonl", "b/run.jsonl"]), labels_of(["a/x.jsonl", "b/y.jsonl"])
    (['a/run', 'b/run'], ['x', 'y'])
    """
    parts = [os.path.splitext(os.path.normpath(path))[0].split(os.sep) for path in paths]
    most = max(map(len, parts))
    depth = next(
        (n for n in range(1, most) if len({tuple(part[-n:]) for part in parts}) == len(parts)), most
    )
    return [_short(visible("/".join(part[-depth:]), keep="")) for part in parts]


def _short(name: str) -> str:
    """Return a name whose middle is left out if it is long: runs differ at both ends."""
    half = _LONGEST // 2
    return name if len(name) <= _LONGEST else f"{name[: half - 1]}…{name[-half:]}"
