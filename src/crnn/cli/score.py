"""``crnn score``: how surprised a model is by a text, by its lines, by its characters."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

from crnn.analysis.tally import Tally
from crnn.cli.bar import byte_bar
from crnn.cli.inputs import STANDARD_INPUT, model_and_reading
from crnn.cli.notes import Notes
from crnn.cli.output import in_terminal
from crnn.cli.program import HELP_NAMES, explained
from crnn.cli.quantities import count
from crnn.cli.rows import FORMATS
from crnn.cli.scored import Scored
from crnn.cli.streams import created, refuse_to_replace
from crnn.corpus import Reading, TextStream
from crnn.model import RNN
from crnn.score import UNKNOWN

__all__ = ["command"]


@click.command("score", context_settings=HELP_NAMES, short_help="Show what in a text surprises.")
@click.argument("model", type=click.Path())
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path())
@click.option(
    "--per-line",
    is_flag=True,
    help="A row for every line: bits per character, number, text, with tabs between them.",
)
@click.option(
    "--worst",
    type=click.IntRange(min=1),
    metavar="N",
    help="The N most surprising lines, the most surprising first.",
)
@click.option(
    "--apart", is_flag=True, help="Every line begins with a fresh state, as if it were alone."
)
@click.option("--color", is_flag=True, help="The text itself, each character in its shade.")
@click.option("--json", "form", flag_value="json", help="The totals as one JSON object.")
@click.option(
    "--csv",
    "form",
    flag_value="csv",
    help="A table as CSV: of the characters, or with --per-line or --worst of the lines.",
)
@click.option("--jsonl", "form", flag_value="jsonl", help="The same, a JSON object for every row.")
@click.option(
    "--parquet",
    "form",
    flag_value="parquet",
    help="The same as Parquet; needs pyarrow: pip install 'crnn[parquet]'.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    metavar="FILE",
    default="-",
    help="Where such a table goes, if not to standard output.",
)
@click.option("-f", "--force", is_flag=True, help="Replace an output that is there.")
@click.option(
    "--unknown",
    type=click.Choice(UNKNOWN),
    default=UNKNOWN[0],
    show_default=True,
    help="A character that the model does not know is an error; or left out; or scored as one of "
    "as many equally probable characters as it knows. Its state does not change.",
)
@click.option(
    "--encoding",
    metavar="NAME",
    help="How FILE is encoded; bytes takes the bytes themselves.  [that of the training, or utf-8]",
)
@click.option(
    "--glob", default="*", show_default=True, metavar="PATTERN", help="Which files of a folder."
)
def command(
    model: str,
    files: tuple[str, ...],
    encoding: str | None,
    glob: str,
    output: str,
    force: bool,
    **options: Any,
) -> None:
    """Score FILE, or standard input, with MODEL: how surprised it is by what it reads.

    MODEL is a file that `crnn train` made; - is standard input. Without an option: bits per
    character and other totals. The surprise of a character is -log2 of the probability that the
    model gave it, having read all before it; the first one is predicted from nothing. A file is
    read like the text that the model was trained on (its newlines, case, normal form).

    \b
      crnn score model.safetensors book.txt
      tail -f app.log | crnn score model.safetensors --per-line --apart
      crnn score model.safetensors app.log --per-line | sort -n | tail
    """  # noqa: D301  (click knows the character by which lines are kept apart)
    asked = Asked(**options)
    asked.check(output)
    paths = list(files) or [STANDARD_INPUT]
    if model == STANDARD_INPUT and STANDARD_INPUT in paths:
        raise click.UsageError("MODEL and FILE are both standard input: name one of them")
    refuse_to_replace(output, model, *paths)
    notes = Notes()
    with explained():
        net, reading = model_and_reading(model, encoding, glob)
        text = _Watched(paths, reading, shown=not asked.writes_meanwhile(output))
        tally = asked.answer(net, text, output, force)
    for remark in text.remarks:
        notes.say(f"Note: {remark}")
    if tally.unknown:
        what = "left out" if asked.unknown == "skip" else "scored as equally probable ones"
        notes.say(f"Note: {count(tally.unknown, 'character')} unknown to the model, {what}")


class _Watched:
    """A text that is read while a bar shows how far; the bar is gone before its end is known.

    Parameters
    ----------
    paths, reading
        See `TextStream`.
    shown : bool
        Whether there is a bar.
    """

    def __init__(self, paths: Sequence[str], reading: Reading, *, shown: bool) -> None:
        self._paths, self._reading = paths, reading
        typed = STANDARD_INPUT in paths and sys.stdin is not None and sys.stdin.isatty()
        self._shown = shown and not typed
        self.remarks: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[str]:
        """Yield the pieces of the text."""
        with byte_bar("scoring", shown=self._shown) as tell:
            stream = TextStream(self._paths, self._reading, tell)
            yield from stream
        self.remarks = stream.remarks


@dataclass
class Asked:
    """What the options ask for."""

    per_line: bool
    worst: int | None
    apart: bool
    color: bool
    form: str | None
    unknown: str

    @property
    def lines(self) -> bool:
        """Whether it is about lines."""
        return self.per_line or self.worst is not None

    def check(self, output: str) -> None:
        """Refuse what does not go together."""
        if self.apart and not self.lines:
            raise click.UsageError("--apart is for lines: give --per-line or --worst, too")
        if self.color and (self.form or self.lines):
            raise click.UsageError("--color shows the text: leave the other forms out")
        if self.form == "json" and self.lines:
            raise click.UsageError("--json is for the totals: give --jsonl for lines")
        if output != "-" and self.form not in FORMATS:
            raise click.UsageError("-o is for a table: give --csv, --jsonl or --parquet, too")
        if self.form == "parquet" and output == "-" and in_terminal():
            raise click.UsageError("Parquet is not for a terminal: give -o FILE")

    def writes_meanwhile(self, output: str) -> bool:
        """Tell whether a terminal shows what comes of the text while it is read."""
        rows = self.per_line and self.worst is None
        table = self.form in FORMATS and output == STANDARD_INPUT
        return in_terminal() and (self.color or rows or table)

    def answer(self, model: RNN, text: Iterable[str], output: str, force: bool) -> Tally:
        """Print or write it; return the totals."""
        scored = Scored(model, text, self.unknown, apart=self.apart, worst=self.worst)
        if self.form in FORMATS:
            with created(output, force=force) as file:
                scored.write_table(self.form, file, of_lines=self.lines)
        elif self.lines:
            scored.show_lines()
        elif self.color:
            scored.show_text()
        else:
            scored.show_totals(as_json=self.form == "json")
        return scored.tally
