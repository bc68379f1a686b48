"""``crnn decompress``: what ``crnn compress`` packed, exactly as it was."""

from __future__ import annotations

import click

from crnn import codec
from crnn.cli.bar import byte_bar
from crnn.cli.inputs import STANDARD_INPUT, model_of
from crnn.cli.notes import Notes
from crnn.cli.program import HELP_NAMES, explained
from crnn.cli.quantities import count
from crnn.cli.streams import ENDING, Streams, name_of, refuse_to_replace

__all__ = ["command"]


@click.command("decompress", context_settings=HELP_NAMES, short_help="Unpack such a file.")
@click.argument("files", metavar="[MODEL] FILE", nargs=-1, type=click.Path())
@click.option(
    "-o", "--output", metavar="OUT", type=click.Path(), help="Where to.  [FILE without .crnn]"
)
@click.option("-f", "--force", is_flag=True, help="Replace OUT if it is there.")
def command(files: tuple[str, ...], output: str | None, force: bool) -> None:
    """Unpack FILE, which crnn compress wrote with the same MODEL, or with --online and none.

    FILE is verified before anything is written: one that is damaged or cut is an error and leaves
    no OUT. For FILE and OUT a - means standard input and standard output.
    """
    if not 1 <= len(files) <= 2:
        raise click.UsageError("expected MODEL and FILE; or FILE alone if it was packed --online")
    if files.count(STANDARD_INPUT) > 1:
        raise click.UsageError("MODEL and FILE are both -, expected one on standard input")
    source = files[-1]
    target = _target(source) if output is None else output
    refuse_to_replace(target, *files)
    with explained():
        rnn = model_of(files[0]) if len(files) == 2 else None
        with (
            Streams(source, target, force=force) as streams,
            byte_bar("unpacking") as tell,
        ):
            summary = codec.unpack(rnn, streams.source, streams.target, tell)
    Notes().say(
        f"{name_of(source, 'standard input')}: {count(summary.packed, 'byte')} to "
        f"{count(summary.original, 'byte')}"
    )


def _target(source: str) -> str:
    """Return where to unpack a file if nothing is said."""
    if source == "-":
        return "-"
    if not source.endswith(ENDING) or source == ENDING:
        raise click.UsageError(f"{source!r} does not end in {ENDING}: say where to unpack it by -o")
    return source.removesuffix(ENDING)
