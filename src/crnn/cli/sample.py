"""``crnn sample``: let a trained model write."""

from __future__ import annotations

import itertools
import json
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import click
from rich.console import Console
from rich.text import Text

from crnn.cli.bar import byte_bar
from crnn.cli.inputs import STANDARD_INPUT, model_and_reading, read_all, standard_input
from crnn.cli.notes import Notes
from crnn.cli.output import guarded, in_terminal, write, write_bytes
from crnn.cli.program import HELP_NAMES, explained
from crnn.cli.quantities import count
from crnn.cli.visible import visible
from crnn.model import RNN
from crnn.sampling.batch import Sample, known
from crnn.sampling.rules import WINDOW

__all__ = ["command"]

_SEEDS = 2**32  # short enough to type again
_AT_ONCE = 64  # characters written at once: one by one would cost more than drawing them
_SECONDS = 0.02  # after which fewer are written
_BETWEEN: Final = "\0"  # samples in a pipe
_BYTES: Final = "bytes"


class _Coding:
    """How the characters of a model are the bytes of a file: as UTF-8, or one a byte."""

    def __init__(self, encoding: str) -> None:
        self._raw = encoding == _BYTES

    def word(self, word: str) -> str:
        """Return a word of the command line as characters of the model."""
        return word.encode("utf-8", "surrogateescape").decode("latin-1") if self._raw else word

    def text(self, data: bytes) -> str:
        """Return the contents of a file as characters of the model."""
        return data.decode("latin-1" if self._raw else "utf-8")

    def check(self, model: RNN) -> None:
        """Raise a ValueError if the characters of a model are no bytes but should be."""
        last = max(model.vocab.chars)
        if self._raw and last > "\xff":
            raise ValueError(
                f"the model knows U+{ord(last):04X}, which is no byte: leave --encoding bytes out"
            )

    def write(self, text: str) -> None:
        """Write a text to standard output, exactly."""
        if self._raw:
            write_bytes(text.encode("latin-1"))
        else:
            write(text)


def _given(ctx: click.Context, option: click.Parameter, words: Any) -> Any:
    """Refuse an empty word; what is left out is None or no words."""
    if words == "" or (isinstance(words, tuple) and "" in words):
        raise click.UsageError(
            f"{option.opts[0]} is empty: leave it out, or say what it means", ctx
        )
    return words


@click.command("sample", context_settings=HELP_NAMES, short_help="Let a model write new text.")
@click.argument("model", type=click.Path(allow_dash=True))
@click.option(
    "--prime", metavar="TEXT", help="What the model reads first and writes on from; -: stdin."
)
@click.option(
    "--prime-file", metavar="FILE", type=click.Path(dir_okay=False), help="The same from a file."
)
@click.option(
    "--length",
    type=click.IntRange(min=0),
    metavar="N",
    default=200,
    show_default=True,
    help="New characters after the prime, at most.",
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
    "--top-k",
    type=click.IntRange(min=1),
    metavar="N",
    help="Draw among the N likeliest characters.",
)
@click.option(
    "--top-p",
    type=click.FloatRange(min=0, max=1, min_open=True),
    metavar="X",
    help="Draw among the fewest characters that together have the probability X.",
)
@click.option(
    "--min-p",
    type=click.FloatRange(min=0, max=1),
    metavar="X",
    help="Leave out what is less likely than X times the likeliest.",
)
@click.option(
    "--allowed", metavar="CHARACTERS", callback=_given, help="Write with these characters alone."
)
@click.option(
    "--forbidden",
    "--forbid",
    multiple=True,
    metavar="TEXT",
    callback=_given,
    help="Never write this, nor complete it where the prime began it; may be given again.",
)
@click.option(
    "--stop",
    multiple=True,
    metavar="TEXT",
    callback=_given,
    help="End where this is complete, without it; may be given again.",
)
@click.option("--keep-stop", is_flag=True, help="End with it.")
@click.option(
    "--repetition-penalty",
    type=click.FloatRange(min=0, min_open=True),
    metavar="X",
    default=1.0,
    show_default=True,
    help="Above 1, what came lately becomes less likely: its logit is divided by X, or multiplied "
    "where it is negative.",
)
@click.option(
    "--repetition-window",
    type=click.IntRange(min=1),
    metavar="N",
    default=WINDOW,
    show_default=True,
    help="Lately: among the last N characters.",
)
@click.option(
    "--number",
    "-n",
    type=click.IntRange(min=1),
    metavar="N",
    help="So many samples, each the same as if it were alone.",
)
@click.option(
    "--first",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    show_default=True,
    help="Number of the first sample: with the same seed, the one that -n counts so.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    default=1,
    show_default=True,
    help="How many draw samples at the same time; changes no sample.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    help="The same seed gives the same text. Without it one is drawn and named on standard error.",
)
@click.option(
    "--unknown",
    type=click.Choice(["error", "skip"]),
    default="error",
    show_default=True,
    help="What to do about characters of the prime that the model does not know.",
)
@click.option(
    "--encoding",
    type=click.Choice(["utf-8", _BYTES]),
    help="Of the text that is written and of the prime: UTF-8, or the bytes themselves.  [as the "
    "training read its text]",
)
@click.option(
    "--json", "as_json", is_flag=True, help="A line of JSON a sample, with log-probabilities."
)
def command(
    model: str,
    prime: str | None,
    prime_file: str | None,
    seed: int | None,
    unknown: str,
    encoding: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    r"""Write new text with MODEL, a file that `crnn train` made; - is standard input.

    Prints the prime followed by the new characters, as they are drawn. Into a pipe or a file they
    go exactly as they are, nothing added, several samples (-n) with a NUL between them; in a
    terminal control characters are made visible and a newline follows.

    What makes characters likelier, less likely or impossible applies in this order: repetition
    penalty, allowed and forbidden, temperature, top-k, top-p, min-p. A newline in a TEXT is $'\n'
    for most shells.

    --json gives one object a sample: sample (its number), prime, text, seed, settings, and of every
    character of the text, in nats, logprobs (in the model's prediction) and drawn_logprobs (in what
    it was drawn from).
    """
    drawn = secrets.randbelow(_SEEDS) if seed is None else seed
    if model == prime == STANDARD_INPUT:
        raise click.UsageError("MODEL and --prime are both -, expected one on standard input")
    with explained():
        source, reading = model_and_reading(model, encoding)
        coding = _Coding(reading.encoding)
        coding.check(source)
        opening = _prime(prime, prime_file, coding)
        beginning = known(source.vocab, opening, "prime", unknown, "--unknown skip")
        if len(beginning) < len(opening):
            skipped = count(len(opening) - len(beginning), "character")
            Notes().warn(f"{skipped} of the prime skipped: the model does not know them")
        task = _Task(source, beginning, drawn, coding, **options)
        if as_json:
            task.write_json()
        elif options["number"] is None:
            task.write_one()
        else:
            task.write_many()
    if seed is None and options["temperature"] > 0 and not as_json:
        Notes().say(f"The same again: --seed {drawn}")


def _prime(prime: str | None, path: str | None, coding: _Coding) -> str:
    """Return what the model reads first: a word, a file, or standard input."""
    if prime is not None and path is not None:
        raise click.UsageError("--prime and --prime-file are both given, expected one of them")
    if prime is None and path is None:
        return ""
    if prime is not None and prime != STANDARD_INPUT:
        return coding.word(prime)
    name = "standard input" if path is None else repr(path)
    try:
        if path is None:
            return coding.text(read_all(standard_input("a prime"), "prime: standard input"))
        with open(path, "rb") as file:
            return coding.text(read_all(file, f"prime: {name}"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(f"prime: {name} cannot be read: {reason}") from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"prime: {name} is no UTF-8 at byte {error.start}: convert it, or use --encoding bytes "
            "if the model was trained so"
        ) from None


class _Task:
    """What is to be written, and how."""

    def __init__(
        self,
        model: RNN,
        prime: str,
        seed: int,
        coding: _Coding,
        *,
        length: int,
        number: int | None,
        first: int,
        threads: int,
        allowed: str | None,
        forbidden: Sequence[str],
        stop: Sequence[str],
        **rules: Any,
    ) -> None:
        self._model, self._prime, self._coding = model, prime, coding
        self._length, self._seed, self._first = length, seed, first
        self._number, self._threads = number or 1, threads
        self._rules = {
            **rules,
            "allowed": None if allowed is None else coding.word(allowed),
            "forbidden": [coding.word(word) for word in forbidden],
            "stop": [coding.word(word) for word in stop],
        }

    def write_one(self) -> None:
        """Write one sample as it is drawn."""
        characters = self._model.stream(
            self._length, self._prime, seed=self._seed, first=self._first, **self._rules
        )
        pieces = _pieces(characters)
        with byte_bar("reading"):  # a long prime, before there is anything to write
            first = next(pieces)
        self._show(itertools.chain([first], pieces))

    def write_many(self) -> None:
        """Write samples with a NUL between them, or a line above each for somebody who looks."""
        if in_terminal():
            for number, (text, _) in self._samples(details=False):
                _print(Text(f"--- sample {number}", "dim"), end="\n")
                self._show(iter([text]))
            return
        if _BETWEEN in self._model.vocab and self._number > 1:
            Notes().warn("the model writes NUL itself, which stands between samples: use --json")
        between, written = "", 0
        with byte_bar("writing") as tell:
            for _, (text, _) in self._samples(details=False):
                self._coding.write(between + self._prime + text)
                between = _BETWEEN
                written += len(self._prime) + len(text)
                tell(written, None)

    def write_json(self) -> None:
        """Write a line a sample."""
        written = 0
        with byte_bar("writing", shown=not in_terminal()) as tell:
            for number, (text, logprobs) in self._samples(details=True):
                assert logprobs is not None
                record = {
                    "sample": number,
                    "prime": self._prime,
                    "text": text,
                    "seed": self._seed,
                    "settings": {"length": self._length, **self._rules},
                    "logprobs": logprobs[:, 0].tolist(),
                    "drawn_logprobs": logprobs[:, 1].tolist(),
                }
                line = json.dumps(record, allow_nan=False) + "\n"
                write(line)
                written += len(line)
                tell(written, None)

    def _samples(self, *, details: bool) -> Iterator[tuple[int, Sample]]:
        """Return samples with their numbers, as they come."""
        drawn = self._model.samples(
            self._length,
            self._prime,
            seed=self._seed,
            n=self._number,
            first=self._first,
            threads=self._threads,
            details=details,
            **self._rules,
        )
        return enumerate(drawn, self._first)

    def _show(self, pieces: Iterator[str]) -> None:
        """Write a text as it is drawn."""
        if not in_terminal():
            self._coding.write(self._prime)
            for piece in pieces:
                self._coding.write(piece)
            return
        _print(Text(visible(self._prime), "bold"), end="")
        for piece in pieces:
            write(visible(piece))
        write("\n")


def _pieces(characters: Iterable[str]) -> Iterator[str]:
    """Return characters as they come, several at once unless they come slowly."""
    piece: list[str] = []
    begin = time.monotonic()
    for char in characters:
        piece.append(char)
        if len(piece) == _AT_ONCE or time.monotonic() - begin > _SECONDS:
            yield "".join(piece)
            piece.clear()
            begin = time.monotonic()
    yield "".join(piece)


def _print(text: Text, end: str) -> None:
    with guarded():
        Console(highlight=False).print(text, soft_wrap=True, end=end)
