"""``crnn export``: a model as a file for another program."""

from __future__ import annotations

import os

import click

from crnn.cli.notes import Notes, waiting
from crnn.cli.program import HELP_NAMES, explained
from crnn.cli.quantities import file_size
from crnn.exchange import ENDINGS, FORMATS, export
from crnn.model import load

__all__ = ["command"]


@click.command(
    "export", context_settings=HELP_NAMES, short_help="Write a model for other programs."
)
@click.argument("model", type=click.Path())
@click.option(
    "--to",
    type=click.Choice(FORMATS),
    help="The format; by default what the ending of -o says.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(),
    help="The file; by default that of MODEL with another ending. One that is there is kept once "
    "as FILE.bak.",
)
@click.option(
    "--name",
    metavar="NAME",
    default="model",
    show_default=True,
    help="c: what all names in the file begin with.",
)
def command(model: str, to: str | None, output: str | None, name: str) -> None:
    """Write MODEL, a file that `crnn train` made, in a format of other programs.

    onnx is a graph for ONNX runtimes and needs pip install 'crnn[onnx]'. torch is a state_dict for
    PyTorch: FILE ends in .safetensors, or in .pt or .pth, which needs pip install 'crnn[torch]'.
    npz is an archive of NumPy. c is one C file that holds the model and runs it, in a program or on
    a microcontroller.
    """
    if to is None and output is None:
        raise click.UsageError("say in which format: --to, or -o with an ending that does")
    path = output if output is not None else _beside(model, str(to))
    with explained():
        if os.path.exists(path) and os.path.samefile(model, path):
            raise ValueError(f"{path!r} is MODEL itself: write to another file, with -o")
        loaded = load(model)
        with waiting(f"Writing {path}"):
            size = export(loaded, path, to, name=name, keep=True)
    Notes().say(f"Saved    {path} ({file_size(size)})")


def _beside(model: str, to: str) -> str:
    """Return the name of the model with the first ending of a format."""
    ending = next(ending for ending, format_ in ENDINGS.items() if format_ == to)
    return os.path.splitext(model)[0] + ending
