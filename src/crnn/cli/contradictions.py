"""What `crnn train` refuses before it begins: options that contradict each other, lost texts."""

from __future__ import annotations

import os
from typing import Final

import click

from crnn.cli.options import is_given
from crnn.cli.program import explained
from crnn.corpus.sources import find_sources
from crnn.presets import preset

__all__ = ["BESIDE_RESUME", "is_same_file", "refuse_contradictions", "refuse_text_as_output"]

BESIDE_RESUME: Final = {
    "texts", "output", "resume", "steps", "time", "threads", "checkpoint_every", "quiet", "glob",
    "val_files", "new_data", "log", "tensorboard",
}  # fmt: skip
_LARGE: Final = 1_000_000  # characters: of a tiny text a preset may hold back nothing
_OF_VALIDATIONS: Final = {
    "val_every": "--val-every",
    "patience": "--patience",
    "plateau": "--plateau",
}


def refuse_contradictions(ctx: click.Context) -> None:
    """Name the options of a training that cannot be followed together.

    Raises
    ------
    click.UsageError
        If there are such.
    """
    if is_given(ctx, "steps") and is_given(ctx, "time"):
        raise click.UsageError(
            "--steps and --time are both given: --steps says how many windows are trained, --time "
            "lets the clock say it; leave one out",
            ctx,
        )
    if ctx.params["resume"] is not None:
        _refuse_beside_resume(ctx)
        return
    if ctx.params["new_data"]:
        raise click.UsageError("--new-data is for --resume, which is not given", ctx)
    _refuse_without_validation(ctx)


def _refuse_beside_resume(ctx: click.Context) -> None:
    """Name the options that contradict `--resume`: the file has their values."""
    if ctx.params["init_from"] is not None:
        raise click.UsageError(
            "--resume and --init-from are both given: --resume goes on with a training, "
            "--init-from begins a new one with the weights of another; leave one out",
            ctx,
        )
    refused = [
        param.opts[-1]
        for param in ctx.command.params
        if param.name and param.name not in BESIDE_RESUME and is_given(ctx, param.name)
    ]
    if refused:
        raise click.UsageError(
            f"{', '.join(refused)} cannot be given beside --resume: the file holds the settings "
            "and the seed it goes on with; leave it out, or train anew without --resume",
            ctx,
        )


def _refuse_without_validation(ctx: click.Context) -> None:
    """Name the options that do nothing where nothing is held back."""
    held_back = ctx.params["val_fraction"]
    if not is_given(ctx, "val_fraction"):
        held_back = preset(ctx.params["preset_name"], {}, _LARGE).val_fraction
    if held_back or ctx.params["val_files"]:
        return
    idle = [option for name, option in _OF_VALIDATIONS.items() if ctx.params[name]]
    if idle:
        raise click.UsageError(
            f"{', '.join(idle)} does nothing without a validation text: hold one back with "
            "--val-fraction 0.1, or name one with --val-file",
            ctx,
        )


def refuse_text_as_output(path: str, texts: tuple[str, ...], glob: str) -> None:
    """Refuse a file for the model that is one of the texts, or one of the files of a folder.

    Raises
    ------
    click.ClickException
        If it is; or if a folder cannot be read.
    """
    if not os.path.exists(path):
        return
    for text in texts:
        if is_same_file(path, text):
            raise click.ClickException(
                f"output {path!r} is the text to train on and would be overwritten; "
                "name another file with -o"
            )
        if os.path.isdir(text) and _is_inside(path, text, glob):
            raise click.ClickException(
                f"output {path!r} is one of the texts in folder {text!r} and would be "
                "overwritten; name a file outside with -o, or choose others with --glob"
            )


def _is_inside(path: str, folder: str, glob: str) -> bool:
    """Tell whether a file is one of those that are read of a folder."""
    with explained():
        found = find_sources([folder], glob).sources
        return any(is_same_file(path, source.path) for source in found)


def is_same_file(path: str, other: str | None) -> bool:
    """Tell whether two names are of one file that is there."""
    if other is None or not os.path.exists(path) or not os.path.exists(other):
        return False
    return os.path.samefile(path, other)
