"""The command line: ``crnn train``, ``sample``, ``info``, ``data``, ``bench``...; one file each.

Standard output carries the product (samples, reports, tables), standard error every other word.
Nothing here computes what a model or a training is made of, and `import crnn` never comes here.
"""

from __future__ import annotations

import click

from crnn import __version__
from crnn.cli import (
    bench,
    completion,
    compress,
    data,
    decompress,
    export,
    import_,
    info,
    plot,
    sample,
    score,
    selfcheck,
    train,
)
from crnn.cli.program import HELP_NAMES, Program

__all__ = ["main"]


@click.group(
    cls=Program,
    name="crnn",
    context_settings=HELP_NAMES,
    epilog="Start with: crnn train book.txt, then: crnn sample model.safetensors",
)
@click.version_option(__version__, prog_name="crnn")
def main() -> None:
    """Train a character-level RNN on a text and let it write."""


main.add_command(train.command)
main.add_command(sample.command)
main.add_command(score.command)
main.add_command(info.command)
main.add_command(compress.command)
main.add_command(decompress.command)
main.add_command(data.command)
main.add_command(plot.command)
main.add_command(export.command)
main.add_command(import_.command)
main.add_command(bench.command)
main.add_command(selfcheck.command)
main.add_command(completion.command)
