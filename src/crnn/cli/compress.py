"""``crnn compress``: make a file smaller by what a model predicts of it."""

from __future__ import annotations

import click

from crnn import codec
from crnn.cli.bar import byte_bar
from crnn.cli.inputs import STANDARD_INPUT, model_of
from crnn.cli.notes import Notes
from crnn.cli.program import HELP_NAMES, explained
from crnn.cli.quantities import count, file_size
from crnn.cli.streams import ENDING, Streams, name_of, refuse_to_replace

__all__ = ["command"]


@click.command("compress", context_settings=HELP_NAMES, short_help="Make a file smaller, exactly.")
@click.argument("files", metavar="MODEL FILE", nargs=-1, type=click.Path())
@click.option("-o", "--output", metavar="OUT", type=click.Path(), help="Where to.  [FILE.crnn]")
@click.option(
    "--online", is_flag=True, help="Without MODEL: an RNN learns FILE while it packs it. Slower."
)
@click.option("-f", "--force", is_flag=True, help="Replace OUT if it is there.")
def command(files: tuple[str, ...], output: str | None, online: bool, force: bool) -> None:
    """Pack FILE by what MODEL, a file that `crnn train` made, predicts of it.

    crnn decompress, with the same MODEL, gives exactly FILE again, on every machine. FILE may hold
    anything; it gets small if it resembles the text that MODEL was trained on. For FILE and OUT a -
    means standard input and standard output.

    \b
        crnn compress model.safetensors letter.txt
        crnn compress --online logs.txt -o logs.crnn
    """  # noqa: D301 - click's \b
    model, source = _named(files, online)
    target = output if output is not None else "-" if source == "-" else source + ENDING
    refuse_to_replace(target, *files)
    with explained():
        rnn = None if model is None else model_of(model)
        with (
            Streams(source, target, force=force) as streams,
            byte_bar("packing") as tell,
        ):
            size = streams.source_size
            summary = codec.pack(
                rnn, streams.source, streams.target, lambda done, _: tell(done, size)
            )
    share = f", {summary.packed / summary.original:.1%}" if summary.original else ""
    bits = summary.bits_per_char
    per_char = "" if bits is None else f", {bits:.3f} bits per character"
    Notes().say(
        f"{name_of(source, 'standard input')}: {count(summary.original, 'byte')} to "
        f"{file_size(summary.packed)}{share}{per_char}"
    )


def _named(files: tuple[str, ...], online: bool) -> tuple[str | None, str]:
    """Return the model, if there is one, and the file."""
    if online:
        if len(files) != 1:
            raise click.UsageError("--online takes one argument, the FILE to pack, and no MODEL")
        return None, files[0]
    if len(files) != 2:
        raise click.UsageError("expected MODEL and FILE; or --online and FILE, without a model")
    if files.count(STANDARD_INPUT) > 1:
        raise click.UsageError("MODEL and FILE are both -, expected one on standard input")
    return files[0], files[1]
