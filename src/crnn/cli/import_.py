"""``crnn import``: a model from another program's file."""

from __future__ import annotations

from pathlib import Path

import click

from crnn.cli.contradictions import is_same_file
from crnn.cli.inputs import read_all, standard_input
from crnn.cli.notes import Notes, waiting
from crnn.cli.output import in_terminal, write_bytes
from crnn.cli.program import HELP_NAMES, explained
from crnn.cli.quantities import count
from crnn.cli.visible import visible
from crnn.exchange import HEAD, from_bytes, import_model, recognise
from crnn.model import RNN

__all__ = ["command"]

_PIPE = "-"  # standard input as FILE, standard output as MODEL
_STANDARD_INPUT = "standard input"
_LONGEST = 4 * 0x110000  # bytes of all characters there are


@click.command("import", context_settings=HELP_NAMES, short_help="Read a model of other programs.")
@click.argument("file", type=click.Path())
@click.option(
    "-o",
    "--output",
    metavar="MODEL",
    required=True,
    type=click.Path(),
    help="The model's file. One that is there is kept once as MODEL.bak. - is standard output.",
)
@click.option(
    "--chars",
    metavar="FILE",
    type=click.Path(),
    help="For files without their characters: a text in UTF-8 that is those characters and nothing "
    "else, in the order of their indices.",
)
def command(file: str, output: str, chars: str | None) -> None:
    """Make a model of FILE: arrays of NumPy or a state_dict of PyTorch.

    An archive of numpy.savez has Wxh, Whh, Why, bh, by and chars, as the notebook names them. A
    state_dict is that of a module with one nn.RNN and one nn.Linear, in a .safetensors file or as
    torch.save writes it; the latter needs pip install 'crnn[torch]'. FILE - is standard input.
    """
    if output == _PIPE and in_terminal():
        raise click.UsageError("a model is nothing to read: -o MODEL, or a pipe")
    with explained():
        _keep_apart(output, file, chars)
        given = None if chars is None else _characters(chars)
        with waiting(f"Reading {visible(file)}"):
            model = _imported(file, given)
        if output == _PIPE:
            write_bytes(model.to_bytes())
            return
        model.save(output, keep=True)
    Notes().say(
        f"Saved    {output} ({count(len(model.vocab), 'character')}, hidden size "
        f"{model.hidden_size:,}, {model.dtype.name})"
    )


def _keep_apart(output: str, file: str, chars: str | None) -> None:
    """Raise a ValueError if the model would replace what it is made of."""
    for what, path in (("FILE", file), ("--chars", chars)):
        if is_same_file(output, path):
            raise ValueError(f"{output!r} is {what} itself: write to another file, with -o")


def _imported(file: str, chars: str | None) -> RNN:
    """Return the model in a file, or on standard input."""
    if file == _PIPE:
        stream = standard_input("a file of another program")
        head = stream.read(HEAD)
        recognise(head, _STANDARD_INPUT)
        return from_bytes(read_all(stream, _STANDARD_INPUT, head), _STANDARD_INPUT, chars=chars)
    return import_model(file, chars=chars)


def _characters(path: str) -> str:
    """Return the text of a file, every character of it."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LONGEST + 1)
    except OSError as error:
        raise OSError(f"--chars {path!r} cannot be read: {error.strerror or error}") from error
    if len(data) > _LONGEST:
        raise ValueError(f"--chars {path!r} is longer than all characters there are")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"--chars {path!r} is not in UTF-8: {error}") from error
