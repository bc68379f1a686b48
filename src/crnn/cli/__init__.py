"""The command line: ``crnn train``, ``sample``, ``info``, ``data``, ``bench``...; one file each.

Standard output carries the product (samples, reports, tables), standard error every other word.
Nothing here computes what a model or a training is made of, and `import crnn` never comes here.
"""

from __future__ import annotations

from typing import Final

import click

from crnn.cli.program import HELP_NAMES, Program, Room

__all__ = ["main"]

COMMANDS: Final = {
    "train": Room("train", "Train a model on texts, or go on with one."),
    "sample": Room("sample", "Let a model write new text."),
    "score": Room("score", "Show what in a text surprises."),
    "info": Room("info", "Show what is in a model's file."),
    "compress": Room("compress", "Make a file smaller, exactly."),
    "decompress": Room("decompress", "Unpack such a file."),
    "data": Room("data", "Look at a text before training on it."),
    "plot": Room("plot", "Draw the loss curves of trainings."),
    "export": Room("export", "Write a model for other programs."),
    "import": Room("import_", "Read a model of other programs."),  # import is a word of Python
    "bench": Room("bench", "Time crnn on this machine."),
    "selfcheck": Room("selfcheck", "Check that crnn computes what it should."),
    "completion": Room("completion", "Let a shell complete commands."),
}
"""Each command, in the order in which they are used: its file here, and what it is for."""


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
