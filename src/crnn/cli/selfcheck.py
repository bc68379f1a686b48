"""``crnn selfcheck``: whether crnn computes on this machine what it should."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

import crnn
from crnn.cli.output import guarded, in_terminal, write
from crnn.cli.program import HELP_NAMES
from crnn.cli.visible import visible

__all__ = ["command"]

_STYLES = {"ok": "green", "FAILED": "bold red"}


@click.command(
    "selfcheck",
    context_settings=HELP_NAMES,
    short_help="Check that crnn computes what it should.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
@click.pass_context
def command(ctx: click.Context, /, as_json: bool) -> None:
    """Check in about a second that crnn computes on this machine what it should.

    With every kernel table that the processor can run: small trainings whose every byte is known,
    also in several threads and while rounding upward; exp, log and tanh beside exact values;
    gradients beside differences of the loss. CRNN_ISA chooses the table in use and hides none.

    The exit status is 0 if all is well and 1 if something is not. Paste the output into a bug
    report: it names versions, machine and table, and what differs first.
    """
    found = crnn.selfcheck()
    if as_json:
        write(json.dumps(found.to_dict(), indent=2, allow_nan=False) + "\n")
    elif in_terminal():
        _show(found)
    else:
        write(f"{found}\n")
    ctx.exit(0 if found.ok else 1)


def _show(found: crnn.SelfCheck) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in found.rows():
        table.add_row(Text(label, _STYLES.get(label, "dim")), Text(visible(text)))
    with guarded():
        Console(highlight=False).print(table)
