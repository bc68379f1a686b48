"""``crnn train``: train on a text, in a terminal or in a pipe, and never lose what was learned."""

from __future__ import annotations

import dataclasses
import os
import time
from typing import Any, Final

import click
from click.core import ParameterSource
from rich.console import Console

from crnn import corpus
from crnn.cli.display import Display, fits
from crnn.cli.lines import Lines, Silence
from crnn.cli.notes import Notes
from crnn.cli.options import Period, read_period, setting_options
from crnn.cli.output import in_terminal, is_closed
from crnn.cli.program import HELP_NAMES, command_line, explained, safe_name, stopped_by
from crnn.cli.quantities import count, file_size, loss_in_units, precise_duration
from crnn.cli.saver import Saver, check_place
from crnn.cli.session import Listener, Signals, run
from crnn.model import RNN
from crnn.settings import Settings
from crnn.trainer import Trainer
from crnn.vocab import Vocab

__all__ = ["command"]

DEFAULT_OUTPUT: Final = "model.safetensors"
DEFAULT_ENCODING: Final = "utf-8"
DEFAULT_PERIOD: Final = "30s"
BESIDE_RESUME: Final = {
    "texts", "output", "resume", "steps", "threads", "checkpoint_every", "encoding", "quiet"
}  # fmt: skip


@click.command(
    "train", context_settings=HELP_NAMES, short_help="Train a model on texts, or go on with one."
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
@setting_options
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    show_default=True,
    help="Of the first weights and the samples: one seed, one result, on every machine.",
)
@click.option(
    "--encoding",
    default=DEFAULT_ENCODING,
    show_default=True,
    help="Of the TEXT files: latin-1, cp1251, utf-16...",
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
    "Beside it only --steps, -o, --threads, --checkpoint-every, --encoding, --quiet may be given.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    texts: tuple[str, ...],
    output: str | None,
    seed: int,
    encoding: str,
    checkpoint_every: Period,
    resume: str | None,
    quiet: bool,
    **chosen: Any,
) -> None:
    """Train a model on the TEXT files, joined in their order; - is standard input.

    Without TEXT the language reference that comes with Python is used. In a terminal a live display
    shows how it goes; into a pipe go the lines of min-char-rnn. Ctrl-C saves what was learned and
    says how to go on; SIGTERM and a terminal that is closed do the same.
    """
    notes = Notes(quiet)
    _refuse_beside_resume(ctx)
    path = output or resume or DEFAULT_OUTPUT
    _refuse_text_as_output(path, texts)
    text = _read(texts, encoding, notes)
    if resume is None:
        trainer = _begun(text, seed, chosen)
    else:
        steps = chosen["steps"] if _is_given(ctx, "steps") else None
        threads = chosen["threads"] if _is_given(ctx, "threads") else None
        trainer = _resumed(resume, text, steps, threads, texts)
        if trainer.step >= trainer.settings.steps:
            notes.say(
                f"{resume} has been trained for {count(trainer.step, 'window')} and "
                f"{trainer.settings.steps:,} were asked for: nothing to do. "
                "To train on, give a larger --steps."
            )
            return
    keep = not _same_file(path, resume)
    check_place(path, keep=keep)
    saver = Saver(trainer, path, checkpoint_every, keep=keep)
    title = ", ".join(map(os.path.basename, texts)) or "the language reference of Python"
    listener = _listener(trainer, saver, title, len(text), quiet, notes)
    _train(ctx, trainer, saver, listener, notes)


def _refuse_beside_resume(ctx: click.Context) -> None:
    """Name the options that contradict `--resume`: the file has their values."""
    if ctx.params["resume"] is None:
        return
    refused = [
        param.opts[-1]
        for param in ctx.command.params
        if param.name and param.name not in BESIDE_RESUME and _is_given(ctx, param.name)
    ]
    if refused:
        raise click.UsageError(
            f"{', '.join(refused)} cannot be given beside --resume: the file holds the settings "
            "and the seed it goes on with; leave it out, or train anew without --resume",
            ctx,
        )


def _is_given(ctx: click.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


def _refuse_text_as_output(path: str, texts: tuple[str, ...]) -> None:
    for text in texts:
        if _same_file(path, text):
            raise click.ClickException(
                f"output {path!r} is the text to train on and would be overwritten; "
                "name another file with -o"
            )


def _same_file(path: str, other: str | None) -> bool:
    if other is None or not os.path.exists(path) or not os.path.exists(other):
        return False
    return os.path.samefile(path, other)


def _read(texts: tuple[str, ...], encoding: str, notes: Notes) -> str:
    with explained():
        if texts:
            return corpus.read_corpus(texts, corpus.Reading(encoding=encoding)).text()
        notes.say("No TEXT given: using the language reference that comes with Python.")
        return corpus.default_text()


def _begun(text: str, seed: int, chosen: dict[str, Any]) -> Trainer:
    with explained():
        settings = Settings(**chosen)
        model = RNN(Vocab.from_text(text), settings.hidden_size, settings.dtype, seed)
        return Trainer.from_settings(model, text, settings, seed)


def _resumed(
    path: str, text: str, steps: int | None, threads: int | None, texts: tuple[str, ...]
) -> Trainer:
    """Return the trainer that a file describes; `steps`, if given, is its total from now on."""
    with explained("" if texts else "name its TEXT if it was not trained on the default"):
        trainer = Trainer.resume(path, text, threads=threads)
    if steps is not None:
        trainer.settings = dataclasses.replace(trainer.settings, steps=steps)
    return trainer


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


def _train(
    ctx: click.Context, trainer: Trainer, saver: Saver, listener: Listener, notes: Notes
) -> None:
    """Train, save, say what came of it, and leave with the right exit status."""
    first, begin = trainer.step, time.monotonic()
    with Signals(trainer.stop) as signals:
        lost = run(trainer, saver, listener, signals)
        seconds = time.monotonic() - begin
        saver.finish()
        if trainer.step >= trainer.settings.steps:
            _say_finished(ctx, trainer, saver, first, seconds, notes)
        else:
            _say_stopped(ctx, trainer, saver, notes)
    if signals.received is not None and trainer.step < trainer.settings.steps:
        ctx.exit(stopped_by(signals.received))  # it took the reader along, if that is gone too
    if lost is not None:
        raise lost


def _say_finished(
    ctx: click.Context, trainer: Trainer, saver: Saver, first: int, seconds: float, notes: Notes
) -> None:
    windows = trainer.step - first
    characters = trainer.settings.seq_length * trainer.settings.batch_size
    speed = windows * characters / max(seconds, 1e-6)
    nats, bits = loss_in_units(trainer.smooth_loss, trainer.settings.seq_length)
    notes.say(
        f"Trained  {count(windows, 'window')} in {precise_duration(seconds)}, "
        f"{round(speed):,} characters per second"
    )
    notes.say(f"Loss     {nats}, {bits}")
    for line in _saved(saver):
        notes.say(line)
    notes.say(f"Next     {command_line(ctx, 'sample', files=(saver.path,))}")


def _say_stopped(ctx: click.Context, trainer: Trainer, saver: Saver, notes: Notes) -> None:
    """Say it even to somebody who asked for quiet: the work would be lost without the command."""
    texts: tuple[str, ...] = ctx.params["texts"]
    words = ["--resume", safe_name(saver.path)]
    if texts and ctx.params["encoding"] != DEFAULT_ENCODING:
        words += ["--encoding", ctx.params["encoding"]]
    if _is_given(ctx, "checkpoint_every"):
        words += ["--checkpoint-every", str(ctx.params["checkpoint_every"])]
    nats, bits = loss_in_units(trainer.smooth_loss, trainer.settings.seq_length)
    notes.insist(f"Stopped  at window {trainer.step:,} of {trainer.settings.steps:,}")
    notes.insist(f"Loss     {nats}, {bits}")
    for line in _saved(saver):
        notes.insist(line)
    notes.insist(f"Go on    {command_line(ctx, 'train', *words, files=texts)}")


def _saved(saver: Saver) -> list[str]:
    lines = [f"Saved    {saver.path} ({file_size(os.path.getsize(saver.path))})"]
    return [*lines, f"Kept     {saver.path}.bak, the file that was there"] if saver.kept else lines
