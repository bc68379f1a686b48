"""``crnn sample``: let a trained model write."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from itertools import chain, islice

import click
from rich.console import Console
from rich.text import Text

from crnn.cli.notes import Notes
from crnn.cli.output import guarded, in_terminal, write
from crnn.cli.program import HELP_NAMES, explained
from crnn.cli.visible import visible
from crnn.model import load

__all__ = ["command"]

_SEEDS = 2**32  # short enough to type again
_AT_ONCE = 64  # characters written at once: one by one would cost more than drawing them


@click.command("sample", context_settings=HELP_NAMES, short_help="Let a model write new text.")
@click.argument("model", type=click.Path())
@click.option("--prime", default="", help="What the model reads first and writes on from.")
@click.option(
    "--length",
    type=click.IntRange(min=0),
    metavar="N",
    default=200,
    show_default=True,
    help="New characters after the prime.",
)
@click.option(
    "--temperature",
    type=click.FloatRange(min=0),
    metavar="X",
    default=1.0,
    show_default=True,
    help="Below 1 the likely becomes likelier, above 1 less so; 0: always the likeliest character.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    help="The same seed gives the same text. Without it one is drawn and named on standard error.",
)
def command(model: str, prime: str, length: int, temperature: float, seed: int | None) -> None:
    """Write new text with MODEL, a file that `crnn train` made.

    Prints the prime followed by the new characters, as they are drawn. Into a pipe or a file they
    go exactly as they are, nothing added; in a terminal control characters are made visible and a
    newline follows.
    """
    drawn = secrets.randbelow(_SEEDS) if seed is None else seed
    with explained():
        characters = load(model).stream(length, prime, temperature, drawn)
        _show(prime, iter(lambda: "".join(islice(characters, _AT_ONCE)), ""))
    if seed is None and temperature > 0:
        Notes().say(f"The same again: --seed {drawn}")


def _show(prime: str, pieces: Iterator[str]) -> None:
    """Write the text as it is drawn."""
    if not in_terminal():
        for piece in chain([prime], pieces):
            write(piece)
        return
    with guarded():
        Console(highlight=False).print(Text(visible(prime), "bold"), soft_wrap=True, end="")
    for piece in pieces:
        write(visible(piece))
    write("\n")
