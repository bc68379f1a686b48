"""``crnn completion``: let a shell complete commands, options and files."""

from __future__ import annotations

import os

import click
from click.shell_completion import get_completion_class

from crnn.cli.output import write
from crnn.cli.program import HELP_NAMES

__all__ = ["command"]

_SHELLS = ("bash", "zsh", "fish")


@click.command(
    "completion", context_settings=HELP_NAMES, short_help="Let a shell complete commands."
)
@click.argument("shell", type=click.Choice(_SHELLS), required=False)
@click.pass_context
def command(ctx: click.Context, shell: str | None) -> None:
    """Print what lets SHELL complete the commands, options and files of crnn.

    SHELL is bash, zsh or fish; without it, the one you log in to. To have it in every new shell:

    \b
      bash   crnn completion bash >> ~/.bashrc
      zsh    crnn completion zsh >> ~/.zshrc
      fish   crnn completion fish > ~/.config/fish/completions/crnn.fish
    """  # noqa: D301  (click knows the character by which lines are kept apart)
    name = shell or os.path.basename(os.environ.get("SHELL", ""))
    if name not in _SHELLS:
        came = f"the login shell is {name!r}" if name else "no login shell is known"
        raise click.UsageError(f"{came}: say which, one of {', '.join(_SHELLS)}")
    program = ctx.find_root()
    kind = get_completion_class(name)
    assert kind is not None  # click has these three
    write(kind(program.command, {}, "crnn", "_CRNN_COMPLETE").source())
