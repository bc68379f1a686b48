"""``crnn sample``: let a trained model write."""

from __future__ import annotations

import secrets

import click
from rich.console import Console
from rich.text import Text

from crnn.cli.notes import Notes
from crnn.cli.output import in_terminal, write
from crnn.cli.program import HELP_NAMES, explained
from crnn.cli.visible import visible
from crnn.model import load

__all__ = ["command"]

_SEEDS = 2**32  # short enough to type again


@click.command("sample", context_settings=HELP_NAMES)
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

    Prints the prime followed by the new characters. Into a pipe or a file they go exactly as they
    are, nothing added; in a terminal control characters are made visible and a newline follows.
    """
    drawn = secrets.randbelow(_SEEDS) if seed is None else seed
    with explained():
        new = load(model).sample(length, prime=prime, temperature=temperature, seed=drawn)
    if in_terminal():
        shown = Text.assemble((visible(prime), "bold"), visible(new))
        Console(highlight=False).print(shown, soft_wrap=True)
    else:
        write(prime + new)
    if seed is None and temperature > 0:
        Notes().say(f"The same again: --seed {drawn}")
