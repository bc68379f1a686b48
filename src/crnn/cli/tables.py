"""Tables for somebody who looks, plain lines for a pipe."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from crnn.cli.output import guarded, in_terminal, write
from crnn.cli.visible import visible

__all__ = [
    "as_lines",
    "bar",
    "facts_table",
    "figures_table",
    "percentage",
    "quoted",
    "show",
    "titled",
]

_LABEL_WIDTH = 12
_UNFOLDED = 100_000  # columns: a line of a pipe is never folded
_BAR_WIDTH = 24


def show(*parts: RenderableType) -> None:
    """Print what there is: as wide as the terminal, or unfolded and without colours into a pipe.

    Raises
    ------
    OutputError
        If standard output cannot be written.
    """
    if in_terminal():
        with guarded():
            console = Console(highlight=False)
            for part in parts:
                console.print(part)
        return
    write(as_lines(*parts))


def as_lines(*parts: RenderableType) -> str:
    """Return what there is as lines of any length, without colours."""
    console = Console(
        highlight=False, width=_UNFOLDED, color_system=None, force_terminal=False, markup=False
    )
    with console.capture() as shown:
        for part in parts:
            console.print(part)
    return "".join(f"{line.rstrip()}\n" for line in shown.get().splitlines())


def facts_table(rows: list[tuple[str, str]]) -> Table:
    """Return labels and what belongs to them, one below the other."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True, width=_LABEL_WIDTH)
    table.add_column(overflow="fold")
    for label, value in rows:
        table.add_row(label, Text(value))
    return table


def figures_table(*columns: str) -> Table:
    """Return an empty table without lines: its first column is words, the others are figures."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column(columns[0], overflow="fold", header_style="dim")
    for column in columns[1:]:
        table.add_column(column, justify="right", no_wrap=True, header_style="dim")
    return table


def titled(title: str, *parts: RenderableType) -> Group:
    """Return parts below a title that is as wide as the console, not as the first of them."""
    return Group(Text(title, style="bold"), *parts)


def bar(share: float) -> Text:
    """Return a bar of that length, 0 to 1, for whoever looks; nothing for a pipe."""
    return Text("━" * round(_BAR_WIDTH * share) if in_terminal() else "")


def percentage(share: float) -> str:
    """Return a share for a sentence.

    Examples
    --------
    >>> percentage(0), percentage(0.0123), percentage(0.5), percentage(0.00001)
    ('0%', '1.2%', '50%', 'below 0.1%')
    """
    if 0 < share < 0.001:
        return "below 0.1%"
    return f"{share:.1%}".replace(".0%", "%")


def quoted(text: str) -> str:
    r"""Return a piece of text with all its characters visible.

    Examples
    --------
    >>> quoted("a b\n")
    '"a b␊"'
    """
    return f'"{visible(text, keep="")}"'
