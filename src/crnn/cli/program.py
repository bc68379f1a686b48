"""The program around the commands: streams in UTF-8, errors as one line, exit statuses.

0: done. 1: an error, said in one line. 2: the command line itself is wrong. 128 + signal: stopped
by that signal, a closed pipe included. What is none of these is a bug and shows its traceback.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import shlex
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import click
from click.shell_completion import CompletionItem

from crnn.cli import output
from crnn.cli.notes import Notes
from crnn.cli.signals import Stopped
from crnn.cli.visible import visible

__all__ = [
    "CLOSED_PIPE",
    "HELP_NAMES",
    "Program",
    "Room",
    "command_line",
    "explained",
    "safe_name",
    "stopped_by",
    "text_name",
]

HELP_NAMES: Final = {"help_option_names": ["-h", "--help"]}
_SIGPIPE = 13  # the signal module of Windows has no such name
CLOSED_PIPE: Final = 128 + _SIGPIPE


class Room(NamedTuple):
    """Where a command is, and what stands beside its name in a list of commands.

    Attributes
    ----------
    module : str
        Its module in this package, which names it `command`.
    summary : str
        Its `short_help`, or the first sentence of its help.
    """

    module: str
    summary: str


class Program(click.Group):
    """A group whose commands write UTF-8 and leave without a traceback when told to.

    Parameters
    ----------
    rooms : mapping of str to Room, optional
        Names of the commands, and where they are: one that is not used is not loaded, so that the
        others begin, are listed, and are completed by a shell, without its delay.
    """

    def __init__(self, *args: Any, rooms: Mapping[str, Room] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rooms = rooms or {}

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None if there is none of that name."""
        if cmd_name in self._rooms and cmd_name not in self.commands:
            module = importlib.import_module(f"crnn.cli.{self._rooms[cmd_name].module}")
            self.add_command(module.command, cmd_name)
        return super().get_command(ctx, cmd_name)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line of this process."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
        _let_streams_wait()
        try:
            return super().main(*args, **kwargs)
        except OSError as error:  # of click's own writing; what the layers below raise is explained
            output.abandon()
            Notes().insist(f"Error: {output.OutputError(error)}")
            sys.exit(1)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they are used."""
        return [*self._rooms, *(name for name in self.commands if name not in self._rooms)]

    def _summary(self, name: str) -> str:
        """Return what a command is for, without loading it."""
        return (
            self._rooms[name].summary
            if name in self._rooms
            else self.commands[name].get_short_help_str()
        )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands into the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._summary(name)) for name in self.list_commands(ctx)])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that begin so, for a shell, and the options."""
        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        commands = [CompletionItem(name, help=self._summary(name)) for name in names]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except output.OutputError as error:
            if not error.closed:
                raise click.ClickException(str(error)) from error
            raise click.exceptions.Exit(CLOSED_PIPE) from None
        except KeyboardInterrupt as stop:
            output.abandon()  # a reader that is paused would keep us at exit
            Notes().insist("\nStopped.")
            number = stop.number if isinstance(stop, Stopped) else signal.SIGINT
            raise click.exceptions.Exit(stopped_by(number)) from None


def _let_streams_wait() -> None:
    """Make the standard streams wait for their other side, whatever the parent did to them.

    One that does not wait has nothing to read where its writer is slow, which looks like its end.
    """
    for number in range(3) if hasattr(os, "set_blocking") else ():  # Windows: from Python 3.12 on
        with contextlib.suppress(OSError):  # closed, or a kind that always waits
            os.set_blocking(number, True)


@contextlib.contextmanager
def explained(hint: str = "") -> Iterator[None]:
    """Turn what the layers below object to into the one line that a user reads.

    Parameters
    ----------
    hint : str
        What to do about it, if the message itself cannot know.
    """
    try:
        yield
    except (OSError, ValueError, ImportError, MemoryError, ArithmeticError) as error:
        what = visible(str(error) or "there is not enough memory", keep="\n")
        raise click.ClickException(f"{what}; {hint}" if hint else what) from error


def stopped_by(number: int) -> int:
    """Return the exit status of a process that a signal stopped."""
    return 128 + number


def command_line(ctx: click.Context, command: str, *words: str, files: Iterable[str] = ()) -> str:
    """Return a command as a shell takes it.

    Parameters
    ----------
    ctx : click.Context
        Of the running command: it knows how this program was called.
    command : str
        Name of the command.
    *words : str
        Options and their values.
    files : iterable of str
        The command's arguments, as `safe_name` or `text_name` gives them; they come first.
    """
    program = ctx.find_root().info_name or "crnn"
    return f"{program} {shlex.join([command, *files, *words])}"


def safe_name(path: str) -> str:
    """Return the name of a file such that no command takes it for an option."""
    return os.path.join(os.curdir, path) if path.startswith("-") else path


def text_name(path: str) -> str:
    """Return the name of a text, safe as `safe_name` makes it; - stays standard input."""
    return path if path == "-" else safe_name(path)
