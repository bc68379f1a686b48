"""``crnn train``: train on a text, in a terminal or in a pipe, and never lose what was learned."""

from __future__ import annotations

import os
import time
from typing import Any, Final

import click
from rich.console import Console

from crnn.cli.beginning import Files, begun, resumed
from crnn.cli.contradictions import (
    is_same_file,
    refuse_contradictions,
    refuse_text_as_output,
)
from crnn.cli.display import Display, fits
from crnn.cli.ending import (
    say_finished,
    say_how_good,
    say_nothing_to_do,
    say_stopped,
)
from crnn.cli.lines import Lines, Silence
from crnn.cli.notes import Notes
from crnn.cli.options import (
    Period,
    Sectioned,
    in_options,
    is_given,
    one_of,
    read_period,
    read_preset,
    read_seed,
    setting_options,
)
from crnn.cli.output import in_terminal, is_closed
from crnn.cli.program import HELP_NAMES, explained, stopped_by
from crnn.cli.recorded import Recorded, Recorder
from crnn.cli.saver import Saver, check_place
from crnn.cli.session import Listener, run
from crnn.cli.signals import Signals
from crnn.cli.texts import title_of
from crnn.log import Log
from crnn.presets import PRESETS
from crnn.tensorboard import Events
from crnn.trainer import Trainer

__all__ = ["command"]

DEFAULT_OUTPUT: Final = "model.safetensors"
DEFAULT_PERIOD: Final = "30s"


@click.command(
    "train",
    cls=Sectioned,
    context_settings=HELP_NAMES,
    short_help="Train a model on texts, or go on with one.",
)
@click.argument("texts", metavar="[TEXT]...", nargs=-1, type=click.Path())
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    metavar="FILE",
    help="File of the model, rewritten at every checkpoint. One that was there before is kept "
    f"once, with .bak added.  [default: {DEFAULT_OUTPUT}, or the file that is resumed]",
)
@click.option(
    "--preset",
    "preset_name",
    callback=read_preset,
    default=PRESETS[0],
    show_default=True,
    shell_complete=one_of(PRESETS),
    metavar=f"[{'|'.join(PRESETS)}]",
    help="Where the settings below begin: the notebook's, or the strongest known here, fitted to "
    "--time or --steps. What is given explicitly overrides it.",
)
@setting_options
@click.option(
    "--seed",
    type=click.UNPROCESSED,
    callback=read_seed,
    metavar="N",
    default=0,
    show_default=True,
    help="Of the first weights, the units left out and the samples: one seed, one result, on "
    "every machine; of at least 0.",
)
@click.option(
    "--glob",
    default="*",
    show_default=True,
    metavar="PATTERN",
    help="Which files of a folder are read, with those of the folders in it.",
)
@click.option(
    "--val-file",
    "val_files",
    type=click.Path(),
    metavar="FILE",
    multiple=True,
    help="Validate on this text, in place of --val-fraction. May be given more than once.",
)
@click.option(
    "--log",
    type=click.Path(),
    metavar="FILE",
    help="Append a line of JSON to FILE for every report: crnn plot draws it.",
)
@click.option(
    "--tensorboard",
    type=click.Path(),
    metavar="FOLDER",
    help="Write event files for TensorBoard into FOLDER; needs pip install 'crnn[tensorboard]'.",
)
@click.option(
    "--checkpoint-every",
    metavar="N|Ns",
    callback=read_period,
    default=DEFAULT_PERIOD,
    show_default=True,
    help="Save every N windows (5000) or N seconds (30s).",
)
@click.option(
    "--resume",
    type=click.Path(),
    metavar="FILE",
    help="Go on exactly where FILE stopped, with its settings and its seed; give the same TEXT. "
    "Beside it only --steps, --time, -o, --threads, --checkpoint-every, --glob, --val-file, "
    "--new-data, --log, --tensorboard, --quiet may be given.",
)
@click.option("--new-data", is_flag=True, help="With --resume: allow another text.")
@click.option(
    "--init-from",
    type=click.Path(),
    metavar="FILE",
    help="Begin with the model in FILE; characters of TEXT that it lacks are added. The learning "
    "rate is a tenth of the usual then, unless --learning-rate or --preset says otherwise.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    texts: tuple[str, ...],
    output: str | None,
    preset_name: str,
    seed: int,
    glob: str,
    val_files: tuple[str, ...],
    log: str | None,
    tensorboard: str | None,
    checkpoint_every: Period,
    resume: str | None,
    new_data: bool,
    init_from: str | None,
    quiet: bool,
    **chosen: Any,
) -> None:
    """Train a model on the TEXT files and folders, joined in their order; - is standard input.

    Without TEXT the language reference that comes with Python is used. Files may be compressed
    (gzip, bzip2, xz, zstd). In a terminal a live display shows how it goes; into a pipe go the
    lines of min-char-rnn. Ctrl-C saves what was learned and says how to go on; SIGTERM and a
    terminal that is closed do the same.
    """
    notes = Notes(quiet)
    refuse_contradictions(ctx)
    path = output or resume or DEFAULT_OUTPUT
    refuse_text_as_output(path, (*texts, *val_files), glob)
    given = {name: value for name, value in chosen.items() if is_given(ctx, name)}
    files = Files(texts, val_files, glob, notes)
    with in_options():
        if resume is None:
            trainer = begun(files, preset_name, given, init_from, seed)
        else:
            trainer = resumed(resume, files, given, new_data)
    if resume is not None and trainer.is_over:
        say_nothing_to_do(resume, trainer, notes)
        return
    keep = not is_same_file(path, resume)
    check_place(path, keep=keep, best=trainer.has_validation)
    saver = Saver(trainer, path, checkpoint_every, keep=keep)
    recorders = _recorders(log, tensorboard, (path, *texts, *val_files), trainer)
    shown = _listener(trainer, saver, title_of(texts), files.characters, quiet, notes)
    _train(ctx, trainer, saver, Recorded(shown, recorders), notes)


def _listener(
    trainer: Trainer, saver: Saver, title: str, characters: int, quiet: bool, notes: Notes
) -> Listener:
    """Return who shows the training: nobody, the terminal, or the lines of the reference."""
    if quiet or is_closed():
        return Silence(notes)
    console = Console(highlight=False)
    if in_terminal() and fits(console):
        return Display(trainer, saver, f"{title} ({characters:,} characters)", console, notes)
    return Lines(trainer, characters, notes)


def _recorders(
    log: str | None, tensorboard: str | None, others: tuple[str, ...], trainer: Trainer
) -> list[Recorder]:
    """Return the files that were asked for, opened: what fails, fails before the training."""
    for other in others:
        if log is not None and (
            is_same_file(log, other) or os.path.abspath(log) == os.path.abspath(other)
        ):
            raise click.ClickException(
                f"log {log!r} is also the text or the model: name another file with --log"
            )
    recorders: list[Recorder] = []
    with explained():
        if tensorboard is not None:
            recorders.append(Events(tensorboard, trainer))
        if log is not None:
            recorders.append(Log(log, trainer))
    return recorders


def _train(
    ctx: click.Context, trainer: Trainer, saver: Saver, listener: Listener, notes: Notes
) -> None:
    """Train, save, say what came of it, and leave with the right exit status."""
    first, begin = trainer.step, time.monotonic()
    with Signals(trainer.stop) as signals:
        with in_options():
            lost = run(trainer, saver, listener, signals)
        seconds = time.monotonic() - begin
        saver.finish()
        if trainer.is_over:
            say_finished(ctx, trainer, saver, first, seconds, notes)
        else:
            say_stopped(ctx, trainer, saver, notes)
    if signals.received is not None and not trainer.is_over:
        ctx.exit(stopped_by(signals.received))  # it took the reader along, if that is gone too
    if lost is not None:
        raise lost
    if trainer.is_over and signals.received is None and not ctx.params["quiet"]:
        say_how_good(trainer, notes)
