"""``crnn data``: the data doctor, what there is to know of a text before a training."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Group
from rich.table import Table
from rich.text import Text

from crnn.analysis.characters import Character
from crnn.analysis.diagnosis import RARE, UTF8, Diagnosis, File
from crnn.analysis.doctor import diagnose
from crnn.analysis.examined import examine
from crnn.analysis.repeats import LEAST, PIECE, Repeats
from crnn.cli.notes import Notes, waiting
from crnn.cli.options import text_options
from crnn.cli.output import write
from crnn.cli.program import HELP_NAMES, explained
from crnn.cli.quantities import count, file_size, precise_duration
from crnn.cli.tables import bar, facts_table, figures_table, percentage, quoted, show, titled
from crnn.cli.visible import visible
from crnn.corpus import Reading
from crnn.settings import Settings

__all__ = ["command"]

_LISTED = 12  # strange characters in the table; --json has all


@click.command(
    "data", context_settings=HELP_NAMES, short_help="Look at a text before training on it."
)
@click.argument("texts", metavar="[TEXT]...", nargs=-1, type=click.Path())
@click.option(
    "--encoding",
    metavar="NAME",
    help="Of the TEXT files: latin-1, cp1251, utf-16... Without it they are read as UTF-8, and one "
    "that is not is read in the most plausible encoding.  [default: utf-8]",
)
@text_options
@click.option(
    "--documents",
    metavar="[none|file|line]",
    default="file",
    show_default=True,
    help="What a document is: copies among them are looked for.",
)
@click.option(
    "--glob",
    default="*",
    show_default=True,
    metavar="PATTERN",
    help="Which files of a folder are read, with those of the folders in it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
def command(
    texts: tuple[str, ...],
    encoding: str | None,
    glob: str,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Look at the TEXT files and folders, joined in their order, as a doctor would.

    - is standard input. Files may be compressed, as for crnn train.

    Says what characters there are and which are strange, how lines end, what stands there twice,
    how much of the last tenth (which a training would validate with) stands in the first nine,
    how long a training with the default settings takes on this machine, which loss to expect of
    it, and what to do first.

    The bits per character are of models that only count: n-gram models of 0 to 5 characters of
    context, trained on the first nine tenths and measured on the last. They show what can be
    learned. Without TEXT the language reference that comes with Python is looked at.
    """
    with explained(), waiting("Looking at the text"):
        corpus, files = examine(texts, Reading(glob=glob, **chosen), encoding)
        found = diagnose(corpus.vocab, corpus.indices, corpus.starts, files)
    for remark in corpus.remarks:
        Notes().say(f"Note: {remark}")
    if as_json:
        write(json.dumps(found.to_dict(), indent=2, allow_nan=False) + "\n")
    else:
        show(*_parts(found))


def _parts(found: Diagnosis) -> list[Any]:
    parts: list[Any] = [facts_table(_facts(found)), "", _rarest(found)]
    if found.strangest:
        parts += ["", _characters("Strange", found.strangest)]
    parts += ["", _learnable(found), "", facts_table(_expected(found))]
    if found.advice:
        parts += ["", _advice(found)]
    return parts


def _facts(found: Diagnosis) -> list[tuple[str, str]]:
    """Return what there is to say in a line each."""
    rows = [("text" if not number else "", _file(file)) for number, file in enumerate(found.files)]
    rows.append(
        ("characters", f"{found.characters:,}, {found.distinct:,} different"
         + (f"; {found.rare:,} of them {'stands' if found.rare == 1 else 'stand'} there fewer than "
            f"{RARE} times" if found.rare else ""))
    )  # fmt: skip
    if not found.strangest and not found.is_of_bytes:
        rows.append(("strange", "none"))
    if found.misreading is not None:
        wrong = found.misreading
        rows.append(
            ("misread", f"{count(wrong.count, 'run')} of characters look like UTF-8 read as "
             f"{wrong.encoding}: {quoted(wrong.shown)} for {quoted(wrong.meant)}")
        )  # fmt: skip
    if not found.is_of_bytes:
        rows.append(("newlines", _newlines(found)))
    rows += _repeats(found)
    rows.append(("leakage", _leakage(found)))
    return rows


def _file(file: File) -> str:
    """Say how a file was read, and what else it may be."""
    said = f"{visible(file.name)} ({file_size(file.size)}), "
    if file.encoding.utf8 and not file.encoding.suspects:
        mark = " with a byte-order mark" if file.encoding.marked else ""
        return said + (f"UTF-8{mark}" if file.read_as == UTF8 else f"read as {file.read_as}")
    if file.chosen:
        return f"{said}read as {file.read_as}"
    suspects = ", ".join(
        f"{suspect.encoding} ({suspect.plausibility:.0%} plausible)"
        for suspect in file.encoding.suspects
    )
    wrong = file.encoding.wrong_at
    if file.encoding.mixed_with is not None:
        return (
            f"{said}partly UTF-8, the rest (first at byte {wrong:,}) looks like "
            f"{file.encoding.mixed_with}; read here as UTF-8, with U+FFFD for the rest"
        )
    why = "has many zero bytes" if wrong is None else f"not UTF-8 at byte {wrong:,}"
    return f"{said}{why}; suspected: {suspects}; read here as {file.read_as}"


def _newlines(found: Diagnosis) -> str:
    ends = found.newlines
    kinds = {"\\n": ends.unix, "\\r\\n": ends.windows, "\\r": ends.mac}
    said = ", ".join(f"{number:,} {end}" for end, number in kinds.items() if number)
    return f"{said}: mixed" if ends.kinds > 1 else said or "none"


def _repeats(found: Diagnosis) -> list[tuple[str, str]]:
    lines, documents = found.lines, found.documents
    rows = [("lines", f"{lines.count:,} of at least {LEAST} characters, {_copies(lines)}")]
    rows += [("", f"{quoted(line.text)} {line.count:,} times") for line in found.repeated]
    if documents.count > 1:
        rows.append(("documents", f"{documents.count:,}, {_copies(documents)}"))
    return rows


def _copies(found: Repeats) -> str:
    if found.copies == 1:
        return "1 of them a copy of another"
    return f"{found.copies:,} of them copies of others" if found.copies else "all different"


def _leakage(found: Diagnosis) -> str:
    leak = found.leakage
    said = []
    if leak.lines_share is not None:
        said.append(f"{percentage(leak.lines_share)} of the lines")
    if leak.pieces_share is not None:
        said.append(f"{percentage(leak.pieces_share)} of the {PIECE}-character pieces")
    if not said:
        return "the last tenth is too short to tell"
    return f"{' and '.join(said)} of the last tenth stand in the rest"


def _rarest(found: Diagnosis) -> Group:
    if not found.is_of_bytes:
        return _characters("Rarest", found.rarest)
    table = figures_table("", "times")
    for byte in found.rarest:
        table.add_row(byte.name, f"{byte.count:,}")
    return titled("Rarest", table)


def _characters(title: str, listed: tuple[Character, ...]) -> Group:
    table = figures_table("", "times")
    table.add_column("", no_wrap=True)
    table.add_column("", overflow="fold")
    for character in listed[:_LISTED]:
        char = "␠" if character.char == " " else visible(character.char, keep="")
        table.add_row(Text(char), f"{character.count:,}", character.code_point, character.name)
    more = len(listed) - _LISTED
    return titled(title, table, *([f"and {count(more, 'other')}"] if more > 0 else []))


def _learnable(found: Diagnosis) -> Group:
    """Return what models that count, and compressors, make of the text."""
    base, title = found.baselines, "Bits per character"
    table = figures_table("", "last tenth", "whole text")
    table.add_column("")
    worst = max(*base.ngrams, *base.compressed.values())
    for order, bits in enumerate(base.ngrams):
        name = f"{count(order, 'character')} of context"
        table.add_row(name, f"{bits:.3f}", "", bar(bits / worst))
    for name, bits in base.compressed.items():
        whole = f"{found.compressed[name]:.3f}"
        table.add_row(name, f"{bits:.3f}", whole, bar(bits / worst))
    if found.studied == found.characters:
        return titled(title, table)
    note = (
        f"The text is long: n-gram models counted {base.counted:,} characters and were measured on "
        f"{base.measured:,}; whole text: the last {found.studied:,}."
    )
    return titled(title, table, note)


def _expected(found: Diagnosis) -> list[tuple[str, str]]:
    loss = found.expected_loss
    rows = [
        ("expect", f"{_range(loss.bits, 2)} bits per character of validation text after a standard "
         f"training: {_range(loss.nats, 2)} nats, {_range(loss.nats_per_window, 0)} nats per "
         f"window of {Settings.seq_length}"),
    ]  # fmt: skip
    expected = found.expected_time
    if expected is not None:
        rows.append(
            ("time", f"about {precise_duration(expected.seconds)} on this machine: "
             f"{expected.windows:,} windows, {expected.windows_per_second:,.0f} a second")
        )  # fmt: skip
    return rows


def _range(ends: tuple[float, float], digits: int) -> str:
    return f"{ends[0]:.{digits}f} to {ends[1]:.{digits}f}"


def _advice(found: Diagnosis) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True, width=12)
    table.add_column(overflow="fold")
    for number, sentence in enumerate(found.advice):
        table.add_row("" if number else "advice", Text(visible(sentence, keep="")))
    return table
