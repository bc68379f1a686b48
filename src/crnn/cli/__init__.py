"""The command line: ``crnn train``, ``sample``, ``info``, ``data``, ``bench``...; one file each.

Standard output carries the product (samples, reports, tables), standard error every other word.
Nothing here computes what a model or a training is made of, and `import crnn` never comes here.
"""

from __future__ import annotations

from typing import Final

import click

from crnn.cli.program import HELP_NAMES, Program

__all__ = ["main"]

COMMANDS: Final = {
    "train": "train",
    "sample": "sample",
    "score": "score",
    "info": "info",
    "compress": "compress",
    "decompress": "decompress",
    "data": "data",
    "plot": "plot",
    "export": "export",
    "import": "import_",  # a word of Python's
    "bench": "bench",
    "selfcheck": "selfcheck",
    "completion": "completion",
}
"""Each command, in the order in which they are used, and its file here."""


@click.group(
    cls=Program,
    rooms=COMMANDS,
    name="crnn",
    context_settings=HELP_NAMES,
    epilog="Start with: crnn train book.txt, then: crnn sample model.safetensors",
)
@click.version_option(package_name="crnn", prog_name="crnn")
def main() -> None:
    """Train a character-level RNN on a text and let it write."""
