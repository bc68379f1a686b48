"""``crnn train``: train on a text, in a terminal or in a pipe, and never lose what was learned."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, fields
from typing import Any, Final

import click
from click.core import ParameterSource
from rich.console import Console

from crnn import checkpoint
from crnn.analysis.card import card_of
from crnn.cli.card import card_table
from crnn.cli.display import Display, fits
from crnn.cli.lines import Lines, Silence
from crnn.cli.notes import Notes, waiting
from crnn.cli.options import Period, Sectioned, read_period, setting_options
from crnn.cli.output import in_terminal, is_closed
from crnn.cli.program import HELP_NAMES, command_line, explained, safe_name, stopped_by
from crnn.cli.quantities import (
    count,
    file_size,
    loss_in_units,
    precise_duration,
    val_loss_in_units,
)
from crnn.cli.recorded import Recorded, Recorder
from crnn.cli.saver import Saver, check_place
from crnn.cli.session import Listener, Signals, run
from crnn.cli.texts import Texts, reading_of, title_of
from crnn.corpus import Corpus
from crnn.log import Log
from crnn.model import RNN, described_by, load
from crnn.presets import PRESETS, preset
from crnn.record import Record, read_record
from crnn.settings import Settings
from crnn.tensorboard import Events
from crnn.trainer import Trainer

__all__ = ["command"]

DEFAULT_OUTPUT: Final = "model.safetensors"
DEFAULT_PERIOD: Final = "30s"
BESIDE_RESUME: Final = {
    "texts", "output", "resume", "steps", "time", "threads", "checkpoint_every", "quiet", "glob",
    "val_files", "new_data", "log", "tensorboard",
}  # fmt: skip
OF_THE_MODEL: Final = {"hidden_size", "dtype", "init"}


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
    default=PRESETS[0],
    show_default=True,
    metavar=f"[{'|'.join(PRESETS)}]",
    help="Where the settings below begin: the notebook's, or the strongest known here, fitted to "
    "--time or --steps. What is given explicitly overrides it.",
)
@setting_options
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    show_default=True,
    help="Of the first weights, the units left out and the samples: one seed, one result, on "
    "every machine.",
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
    help="Begin with the model in FILE; characters of TEXT that it lacks are added.",
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
    _refuse_contradictions(ctx)
    path = output or resume or DEFAULT_OUTPUT
    _refuse_text_as_output(path, (*texts, *val_files))
    given = {name: value for name, value in chosen.items() if _is_given(ctx, name)}
    files = _Files(texts, val_files, glob, notes)
    if resume is not None:
        trainer = _resumed(resume, files, given, new_data)
        if trainer.is_over:
            _say_nothing_to_do(resume, trainer, notes)
            return
    else:
        trainer = _begun(files, preset_name, given, init_from, seed)
    keep = not _same_file(path, resume)
    check_place(path, keep=keep)
    saver = Saver(trainer, path, checkpoint_every, keep=keep)
    recorders = _recorders(log, tensorboard, (path, *texts, *val_files), trainer)
    shown = _listener(trainer, saver, title_of(texts), files.characters, quiet, notes)
    _train(ctx, trainer, saver, Recorded(shown, recorders), notes)


def _refuse_contradictions(ctx: click.Context) -> None:
    """Name the options that contradict `--resume`: the file has their values."""
    params = ctx.params
    if params["new_data"] and params["resume"] is None:
        raise click.UsageError("--new-data is for --resume, which is not given", ctx)
    if params["resume"] is None:
        return
    if params["init_from"] is not None:
        raise click.UsageError(
            "--resume and --init-from are both given: --resume goes on with a training, "
            "--init-from begins a new one with the weights of another; leave one out",
            ctx,
        )
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


@dataclass
class _Files:
    """What was named to be read, and how long it turned out to be."""

    texts: tuple[str, ...]
    val_files: tuple[str, ...]
    glob: str
    notes: Notes
    characters: int = 0

    def read(self, settings: Settings) -> tuple[Corpus, Corpus | None]:
        """Return the text and the validation text under a vocabulary of both."""
        both = self._reader(settings).read_both(self.texts, self.val_files)
        self.characters = both[0].characters
        return both

    def read_for(self, model: RNN, settings: Settings) -> tuple[Corpus, Corpus | None]:
        """Return them under the vocabulary of a model."""
        reader = self._reader(settings)
        corpus = reader.read(self.texts, model.vocab)
        self.characters = corpus.characters
        return corpus, reader.read(self.val_files, model.vocab) if self.val_files else None

    def _reader(self, settings: Settings) -> Texts:
        with explained():
            return Texts(reading_of(settings, self.glob), self.notes)


def _begun(
    files: _Files, preset_name: str, given: dict[str, Any], init_from: str | None, seed: int
) -> Trainer:
    """Return a new training."""
    with explained():
        settings = preset(preset_name, given, 1)
    corpus, validation = files.read(settings)
    with explained():
        if files.val_files and "val_fraction" not in given:
            given = {**given, "val_fraction": 0.0}
        if init_from is None:
            settings = preset(preset_name, given, corpus.characters)
            model = RNN(
                corpus.vocab, settings.hidden_size, settings.dtype, seed, init=settings.init
            )
        else:
            model = _grown(init_from, corpus, given, seed, files.notes)
            sizes = {"hidden_size": model.hidden_size, "dtype": model.dtype.name}
            settings = preset(preset_name, given | sizes, corpus.characters)
            corpus, validation = files.read_for(model, settings)
        _warn_of_texts(corpus, files.notes)
        return Trainer.from_settings(model, corpus, settings, seed, validation)


def _grown(path: str, corpus: Corpus, given: dict[str, Any], seed: int, notes: Notes) -> RNN:
    """Return the model in a file, with the characters of a text added."""
    fixed = sorted(OF_THE_MODEL & set(given))
    if fixed:
        words = ", ".join("--" + name.replace("_", "-") for name in fixed)
        raise ValueError(f"{words} cannot be given beside --init-from: {path!r} has its own")
    model = load(path)
    grown = model.extend(corpus.vocab.chars, seed)
    added = len(grown.vocab) - len(model.vocab)
    notes.say(f"Beginning with {path}: {count(added, 'new character')}.")
    return grown


def _warn_of_texts(corpus: Corpus, notes: Notes) -> None:
    if len(corpus.vocab) == 1:
        notes.warn("the text is one character again and again: there is nothing to learn from it")


def _resumed(path: str, files: _Files, given: dict[str, Any], new_data: bool) -> Trainer:
    """Return the trainer that a file describes, with another end and other threads if given."""
    with explained("" if files.texts else "name its TEXT if it was not trained on the default"):
        record, model = _record_of(path)
        corpus, validation = files.read_for(model, record.settings)
        trainer = Trainer.resume(
            path,
            corpus,
            val_text=validation,
            threads=given.get("threads"),
            new_data=new_data,
        )
        if "steps" in given or "time" in given:
            trainer.extend(steps=given.get("steps"), time=given.get("time", 0.0))
    return trainer


def _record_of(path: str) -> tuple[Record, RNN]:
    """Return what a file says of its training, and its model."""
    tensors, header = checkpoint.read(path)
    with described_by(path, "a training"):
        record = read_record(header)
    if record is None:
        raise ValueError(
            f"checkpoint {path!r} holds a model but no training to go on with: begin a new one "
            "with it by --init-from"
        )
    with described_by(path, "a model"):
        return record, RNN._restored(tensors, header)


def _say_nothing_to_do(path: str, trainer: Trainer, notes: Notes) -> None:
    trained = count(trainer.step, "window")
    if trainer.total is not None and trainer.step >= trainer.total:
        notes.say(
            f"{path} has been trained for {trained} and {trainer.total:,} were asked for: "
            "nothing to do. To train on, give a larger --steps."
        )
    else:
        notes.say(
            f"{path} stopped early after {trained}: no validation had been better for long. "
            "To train on with what it learned, begin anew with --init-from."
        )


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
            _same_file(log, other) or os.path.abspath(log) == os.path.abspath(other)
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
        lost = run(trainer, saver, listener, signals)
        seconds = time.monotonic() - begin
        saver.finish()
        if trainer.is_over:
            _say_finished(ctx, trainer, saver, first, seconds, notes)
        else:
            _say_stopped(ctx, trainer, saver, notes)
    if signals.received is not None and not trainer.is_over:
        ctx.exit(stopped_by(signals.received))  # it took the reader along, if that is gone too
    if lost is not None:
        raise lost
    if trainer.is_over and signals.received is None and not ctx.params["quiet"]:
        _say_how_good(trainer, notes)


def _say_finished(
    ctx: click.Context, trainer: Trainer, saver: Saver, first: int, seconds: float, notes: Notes
) -> None:
    windows = trainer.step - first
    characters = trainer.settings.seq_length * trainer.settings.batch_size
    speed = windows * characters / max(seconds, 1e-6)
    notes.say(
        f"Trained  {count(windows, 'window')} in {precise_duration(seconds)}, "
        f"{round(speed):,} characters per second"
    )
    for line in [*_losses(trainer), *_saved(saver)]:
        notes.say(line)
    if trainer.settings.time > 0:
        notes.say(f"Again    {_reproduction(ctx, trainer)}")
    notes.say(f"Next     {command_line(ctx, 'sample', files=(saver.path,))}")


def _say_how_good(trainer: Trainer, notes: Notes) -> None:
    """Show the quality card. All is saved and said by now: Ctrl-C and errors cost only the card."""
    if trainer.val_loss is None:
        return
    try:
        with explained(), waiting("Holding the model against others; Ctrl-C skips it"):
            card = card_table(card_of(trainer, trainer.val_loss))
    except click.ClickException as error:
        notes.warn(f"there is no quality card: {error.message}")
    except KeyboardInterrupt:
        notes.say("Skipped  the quality card")
    else:
        notes.say()
        notes.show(card)


def _losses(trainer: Trainer) -> list[str]:
    nats, bits = loss_in_units(trainer.smooth_loss, trainer.settings.seq_length)
    lines = [f"Loss     {nats}, {bits}"]
    if trainer.val_loss is not None and trainer.best_val_loss is not None:
        lines.append(f"Valid    {val_loss_in_units(trainer.val_loss)}")
        if trainer.best_val_loss < trainer.val_loss:
            best = val_loss_in_units(trainer.best_val_loss)
            lines.append(f"Best     {best}, after {count(trainer.best_step, 'window')}")
    return lines


def _reproduction(ctx: click.Context, trainer: Trainer) -> str:
    """Return the command that comes to the same bytes, whatever the clock says.

    It has every setting that is not the reference's, and the number of windows.
    """
    words: list[str] = []
    for setting in fields(Settings):
        value = getattr(trainer.settings, setting.name)
        if setting.name not in ("time", "threads") and value != setting.default:
            option = "--" + setting.name.replace("_", "-")
            words += [option] if value is True else [option, str(value)]
    for name, option in (("seed", "--seed"), ("glob", "--glob"), ("init_from", "--init-from")):
        if _is_given(ctx, name):
            words += [option, str(ctx.params[name])]
    for file in ctx.params["val_files"]:
        words += ["--val-file", safe_name(file)]
    return command_line(ctx, "train", *words, files=ctx.params["texts"])


def _say_stopped(ctx: click.Context, trainer: Trainer, saver: Saver, notes: Notes) -> None:
    """Say it even to somebody who asked for quiet: the work would be lost without the command."""
    words = ["--resume", safe_name(saver.path)]
    for file in ctx.params["val_files"]:
        words += ["--val-file", safe_name(file)]
    again = {
        "checkpoint_every": "--checkpoint-every",
        "glob": "--glob",
        "log": "--log",
        "tensorboard": "--tensorboard",
    }
    for name, option in again.items():
        if _is_given(ctx, name):
            words += [option, str(ctx.params[name])]
    total = "" if trainer.total is None else f" of {trainer.total:,}"
    notes.insist(f"Stopped  at window {trainer.step:,}{total}")
    for line in [*_losses(trainer), *_saved(saver)]:
        notes.insist(line)
    notes.insist(f"Go on    {command_line(ctx, 'train', *words, files=ctx.params['texts'])}")


def _saved(saver: Saver) -> list[str]:
    lines = [f"Saved    {saver.path} ({file_size(os.path.getsize(saver.path))})"]
    return [*lines, f"Kept     {saver.path}.bak, the file that was there"] if saver.kept else lines
