"""``crnn export``: a model as a file for another program."""

from __future__ import annotations

import os

import click

from crnn.cli.contradictions import is_same_file
from crnn.cli.inputs import model_of
from crnn.cli.notes import Notes, waiting
from crnn.cli.output import in_terminal, write_bytes
from crnn.cli.program import HELP_NAMES, explained
from crnn.cli.quantities import file_size
from crnn.cli.visible import visible
from crnn.exchange import ENDINGS, FORMATS, export, to_bytes

__all__ = ["command"]

_PIPE = "-"  # standard input as MODEL, standard output as FILE


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
    "as FILE.bak. - is standard output.",
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
    a microcontroller. MODEL - is standard input.
    """
    if to is None and output in (None, _PIPE):
        raise click.UsageError("say in which format: --to, or -o with an ending that does")
    if output is None and model == _PIPE:
        raise click.UsageError("say where it goes: -o FILE, or -o - for standard output")
    if output == _PIPE and to != "c" and in_terminal():
        raise click.UsageError(f"{to} is nothing to read: -o FILE, or a pipe")
    with explained():
        loaded = model_of(model)
        if output == _PIPE:
            write_bytes(to_bytes(loaded, str(to), name=name))
            return
        path = output if output is not None else _beside(model, str(to))
        if is_same_file(path, model):
            raise ValueError(f"{path!r} is MODEL itself: write to another file, with -o")
        with waiting(f"Writing {visible(path)}"):
            size = export(loaded, path, to, name=name, keep=True)
    Notes().say(f"Saved    {path} ({file_size(size)})")


def _beside(model: str, to: str) -> str:
    """Return the name of the model with the first ending of a format."""
    ending = next(ending for ending, format_ in ENDINGS.items() if format_ == to)
    return os.path.splitext(model)[0] + ending
