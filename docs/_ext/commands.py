"""The page of a command, out of the command itself: what ``--help`` says, to be linked to."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields

import click
from generated import Generated
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from crnn.cli import COMMANDS, main
from crnn.cli.options import Sectioned
from crnn.settings import Settings

__all__ = ["page", "setup"]

AS_IT_IS = "\b"  # click's mark before a paragraph whose lines stay as they are
CODE = re.compile(r"`([^`]+)`|(\$?'[^' ]*\\[^' ]*')|(?<![\w-])(--?[a-z][\w-]*)")


def page(name: str) -> list[str]:
    """Return the page of a command as lines of reStructuredText.

    Raises
    ------
    KeyError
        If there is no such command.
    """
    program = click.Context(main, info_name="crnn", **main.context_settings)
    command = main.get_command(program, name)
    if command is None:
        raise KeyError(f"there is no command {name!r}, expected one of {', '.join(COMMANDS)}")
    ctx = click.Context(command, info_name=name, parent=program)
    usage = " ".join(command.collect_usage_pieces(ctx))
    lines = [
        f".. program:: crnn {name}",
        "",
        ".. code-block:: text",
        "",
        f"   crnn {name} {usage}",
        "",
    ]
    lines += _text(inspect.cleandoc(command.help or ""))
    for title, options in _sections(command, ctx).items():
        lines += [f".. rubric:: {title}", ""]
        for option in options:
            lines += _option(option, ctx)
    return lines


def _sections(command: click.Command, ctx: click.Context) -> dict[str, list[click.Option]]:
    """Return the options under the headings that ``--help`` gives them."""
    settings = fields(Settings) if isinstance(command, Sectioned) else ()
    groups = {setting.name: setting.metadata["group"] for setting in settings}
    found: dict[str, list[click.Option]] = {"Options": []}
    for param in command.get_params(ctx):
        if isinstance(param, click.Option) and not param.hidden:
            found.setdefault(groups.get(param.name or "", "Options"), []).append(param)
    return found


def _text(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        first, *others = paragraph.split("\n")
        if first == AS_IT_IS:
            yield from (
                "::",
                "",
                *(f"   {line}" for line in inspect.cleandoc("\n".join(["", *others])).split("\n")),
            )
        else:
            yield marked(paragraph.replace("\n", " "))
        yield ""


def _option(option: click.Option, ctx: click.Context) -> Iterator[str]:
    record = option.get_help_record(ctx)
    if record is None:
        return
    value = "" if option.is_flag else f" {option.make_metavar(ctx)}"
    names = [*option.opts, *option.secondary_opts]
    yield ".. option:: " + ", ".join(f"{name}{value}" for name in names)
    yield ""
    yield f"   {marked(record[1])}"
    yield ""


def marked(text: str) -> str:
    r"""Return the words of a help text with what one types set as code.

    Examples
    --------
    >>> marked("a file that `crnn train` made; *any* --seed")
    'a file that ``crnn train`` made; \\*any\\* ``--seed``'
    """
    parts = CODE.split(text)
    plain = [re.sub(r"([\\*|_])", r"\\\1", part) for part in parts[0::4]]
    code = [next(filter(None, parts[at + 1 : at + 4])) for at in range(0, len(parts) - 1, 4)]
    return plain[0] + "".join(
        f"``{typed}``{words}" for typed, words in zip(code, plain[1:], strict=True)
    )


class Command(Generated):
    """``.. command:: train``: the page of a command."""

    def lines(self) -> list[str]:
        """Return the page of the command."""
        return page(self.arguments[0])


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive to Sphinx."""
    app.add_directive("command", Command)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
