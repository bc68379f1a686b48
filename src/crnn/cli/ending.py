"""What ``crnn train`` says at its end: what came of it, and which command goes on from there."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import Final

import click

from crnn.analysis.card import card_of
from crnn.cli.beginning import OF_THE_MODEL
from crnn.cli.card import card_table
from crnn.cli.notes import Notes, waiting
from crnn.cli.options import is_given
from crnn.cli.program import command_line, explained, safe_name, text_name
from crnn.cli.quantities import (
    count,
    file_size,
    loss_in_units,
    precise_duration,
    val_loss_in_units,
)
from crnn.cli.saver import Saver, best_path_of
from crnn.settings import Settings
from crnn.trainer import Trainer

_NOT_SAID: Final = {"time", "threads"}  # the clock has spoken; threads are said if given
__all__ = ["say_finished", "say_how_good", "say_nothing_to_do", "say_stopped"]


def say_nothing_to_do(path: str, trainer: Trainer, notes: Notes) -> None:
    """Say why a file is not trained on."""
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


def say_finished(
    ctx: click.Context, trainer: Trainer, saver: Saver, first: int, seconds: float, notes: Notes
) -> None:
    """Say what was trained since window `first` and which command comes next."""
    windows = trainer.step - first
    characters = trainer.settings.seq_length * trainer.settings.batch_size
    speed = windows * characters / max(seconds, 1e-6)
    notes.say(
        f"Trained  {count(windows, 'window')} in {precise_duration(seconds)}, "
        f"{round(speed):,} characters per second"
    )
    best = _best_file(ctx, trainer, saver)
    for line in [*_losses(trainer, best), *_saved(saver)]:
        notes.say(line)
    if ctx.params["time"] > 0 and ctx.params["resume"] is None and trainer.step == trainer.total:
        notes.say(f"Again    {_reproduction(ctx, trainer)}")
    notes.say(f"Next     {command_line(ctx, 'sample', files=[safe_name(best or saver.path)])}")


def say_how_good(trainer: Trainer, notes: Notes) -> None:
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


def say_stopped(ctx: click.Context, trainer: Trainer, saver: Saver, notes: Notes) -> None:
    """Say it even to somebody who asked for quiet: the work would be lost without the command."""
    words = ["--resume", safe_name(saver.path)]
    for file in ctx.params["val_files"]:
        words += ["--val-file", text_name(file)]
    again = {
        "checkpoint_every": "--checkpoint-every",
        "glob": "--glob",
        "log": "--log",
        "threads": "--threads",
        "tensorboard": "--tensorboard",
    }
    for name, option in again.items():
        if is_given(ctx, name):
            words += [option, str(ctx.params[name])]
    total = "" if trainer.total is None else f" of {trainer.total:,}"
    notes.insist(f"Stopped  at window {trainer.step:,}{total}")
    for line in [*_losses(trainer, _best_file(ctx, trainer, saver)), *_saved(saver)]:
        notes.insist(line)
    texts = map(text_name, ctx.params["texts"])
    notes.insist(f"Go on    {command_line(ctx, 'train', *words, files=texts)}")


def _best_file(ctx: click.Context, trainer: Trainer, saver: Saver) -> str | None:
    """Return the file of the best validation, if that is not the last one and the file is there."""
    if trainer.val_loss is None or trainer.best_val_loss is None:
        return None
    if not trainer.best_val_loss < trainer.val_loss:
        return None
    resumed: str | None = ctx.params["resume"]
    if saver.saved_best == trainer.best_step:
        path = saver.best_path
    elif resumed is not None:  # an earlier run found it
        path = best_path_of(resumed)
    else:
        return None
    return path if os.path.exists(path) else None


def _losses(trainer: Trainer, best_file: str | None) -> list[str]:
    nats, bits = loss_in_units(trainer.smooth_loss, trainer.settings.seq_length)
    lines = [f"Loss     {nats}, {bits}"]
    if trainer.val_loss is not None and trainer.best_val_loss is not None:
        lines.append(f"Valid    {val_loss_in_units(trainer.val_loss)}")
        if trainer.best_val_loss < trainer.val_loss:
            best = val_loss_in_units(trainer.best_val_loss)
            place = "" if best_file is None else f", in {best_file}"
            lines.append(f"Best     {best}, after {count(trainer.best_step, 'window')}{place}")
    return lines


def _reproduction(ctx: click.Context, trainer: Trainer) -> str:
    """Return the command that comes to the same bytes, whatever the clock says.

    It has every setting that is not the reference's, and the number of windows. Beside
    --init-from the model has its own sizes, and the rate would be another if it were not given.
    """
    words: list[str] = []
    tuning = ctx.params["init_from"] is not None
    left_out = _NOT_SAID | OF_THE_MODEL if tuning else _NOT_SAID
    for setting in fields(Settings):
        name, value = setting.name, getattr(trainer.settings, setting.name)
        is_changed = value != setting.default or (tuning and name == "learning_rate")
        if is_changed and name not in left_out:
            option = "--" + name.replace("_", "-")
            words += [option] if value is True else [option, str(value)]
    more = ("seed", "glob", "init_from", "threads")
    for name, option in ((name, "--" + name.replace("_", "-")) for name in more):
        if is_given(ctx, name):
            words += [option, str(ctx.params[name])]
    for file in ctx.params["val_files"]:
        words += ["--val-file", text_name(file)]
    return command_line(ctx, "train", *words, files=map(text_name, ctx.params["texts"]))


def _saved(saver: Saver) -> list[str]:
    lines = [f"Saved    {saver.path} ({file_size(os.path.getsize(saver.path))})"]
    return [*lines, f"Kept     {saver.path}.bak, the file that was there"] if saver.kept else lines
