"""Options of the command line, those of a training made from `Settings`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import Field, dataclass, fields
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from crnn.corpus import Reading
from crnn.presets import preset
from crnn.settings import Settings, checked, range_of

__all__ = [
    "Period",
    "Sectioned",
    "as_options",
    "in_options",
    "is_given",
    "one_of",
    "read_period",
    "read_preset",
    "read_seconds",
    "read_seed",
    "setting_options",
    "text_options",
]

Function = TypeVar("Function", bound=Callable[..., Any])
_CLEANING = {"normalize", "newlines", "lowercase", "min_count"}
_NAMES = {setting.name for setting in fields(Settings)}
_LONG_NAMES = "|".join(sorted(name for name in _NAMES if "_" in name))
_SHORT_NAMES = "|".join(sorted(name for name in _NAMES if "_" not in name))
# What is quoted is a file's or the user's. A short name is a word like others but where it begins.
_NAMED = re.compile(
    rf"(?<!\w)'[^'\n]*'|(?<![\w/.-])(?P<name>{_LONG_NAMES}|val_text|^(?:{_SHORT_NAMES})(?= is ))"
    r"(?![\w/=-]|\.\w)"
)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def _reader(setting: Field[Any]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Return a callback that makes a word a value of a setting; `Settings` says what is wrong."""
    kind = type(setting.default)

    def read(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        try:
            word = checked(setting, _number(kind, value) if kind in (int, float) else value)
            if setting.name == "encoding":
                Reading(encoding=word)
            elif setting.name == "freeze":
                Settings(freeze=word)
        except (TypeError, ValueError) as error:
            message = str(error).removeprefix(f"{setting.name} ").removeprefix("is ")
            raise click.BadParameter(message, ctx, param) from None
        return word

    return read


def _number(kind: type, value: Any) -> Any:
    """Return the number that a word is, or the word, for what objects to it."""
    try:
        return kind(value)
    except ValueError:
        return value


def as_options(message: str) -> str:
    """Return the message of an error with the names of options in place of Python's.

    Examples
    --------
    >>> as_options("val_text and val_fraction are both given, expected one of them")
    '--val-file and --val-fraction are both given, expected one of them'
    >>> as_options("warmup is 5 windows of 3 steps, as 'val_text' says")
    "--warmup is 5 windows of 3 steps, as 'val_text' says"
    """

    def option(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return match[0]
        return "--val-file" if name == "val_text" else "--" + name.replace("_", "-")

    return _NAMED.sub(option, message)


@contextmanager
def in_options() -> Iterator[None]:
    """Let the errors of the block name options as the command line writes them."""
    try:
        yield
    except click.ClickException as error:
        raise click.ClickException(as_options(error.message)) from error.__cause__


class Sectioned(click.Command):
    """A command whose help lists the options of a training group by group, after its own."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        groups = {setting.name: setting.metadata["group"] for setting in fields(Settings)}
        sections: dict[str, list[tuple[str, str]]] = {"Options": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                sections.setdefault(groups.get(param.name or "", "Options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


def setting_options(function: Function) -> Function:
    """Give a command one option for every field of `Settings`, in their order."""
    for setting in reversed(fields(Settings)):
        function = _option(setting)(function)
    return function


def text_options(function: Function) -> Function:
    """Give a command the options of how the characters of a text are cleaned."""
    for setting in reversed(fields(Settings)):
        if setting.name in _CLEANING:
            function = _option(setting)(function)
    return function


def _option(setting: Field[Any]) -> Callable[[Function], Function]:
    about, name = setting.metadata, "--" + setting.name.replace("_", "-")
    unit = "" if about["unit"] in about["text"].lower() else f", in {about['unit']}"
    text = f"{about['text']}{unit}."
    if isinstance(setting.default, bool):
        return click.option(name, is_flag=True, default=setting.default, help=text)
    if setting.name == "time":  # its word has a unit
        how = f"{about['text']}; a number without a unit is seconds."
        return click.option(name, metavar="10s|5m|1h", callback=read_seconds, help=how)
    choices = about["choices"]
    kind = "N" if isinstance(setting.default, int) else "X"
    word = "WORD" if isinstance(setting.default, str) else kind
    return click.option(
        name,
        type=click.UNPROCESSED,
        callback=_reader(setting),
        shell_complete=one_of(choices),
        metavar=f"[{'|'.join(choices)}]" if choices else word,
        default=setting.default,
        show_default=setting.default != "",
        help=text if choices or not range_of(setting) else f"{text[:-1]}; {range_of(setting)}.",
    )


def one_of(words: Sequence[str]) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return what lets a shell complete a value that is one of some words."""
    return lambda ctx, param, begun: [word for word in words if word.startswith(begun)]


@dataclass(frozen=True)
class Period:
    """Every so many windows, or every so many seconds; the other is None."""

    windows: int | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        return str(self.windows) if self.windows is not None else f"{self.seconds:g}s"


def read_period(ctx: click.Context, param: click.Parameter, value: str) -> Period:
    """Return ``1000`` as windows and ``30s`` as seconds; the callback of an option.

    Raises
    ------
    click.BadParameter
        If it is neither, or not above zero.
    """
    if re.fullmatch(r"\d+", value) and int(value) > 0:
        return Period(windows=int(value))
    seconds = _seconds(value)
    if seconds is None or value[-1] not in _SECONDS:
        raise click.BadParameter(
            f"{value!r} is neither a number of windows such as 5000 nor of seconds such as 30s"
        )
    return Period(seconds=seconds)


def read_seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> float:
    """Return ``90``, ``90s``, ``1.5m`` or ``2h`` as seconds, nothing as 0; an option's callback.

    Raises
    ------
    click.BadParameter
        If it is no time, or not above zero.
    """
    if value is None:
        return 0.0
    seconds = _seconds(value)
    if seconds is None:
        raise click.BadParameter(f"{value!r} is no time such as 90s, 5m or 1.5h")
    return seconds


def _seconds(value: str) -> float | None:
    """Return a time above zero in seconds; None if it is none."""
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+)([smh]?)", value)
    seconds = float(match[1]) * _SECONDS[match[2] or "s"] if match else 0.0
    return seconds if 0 < seconds < 1e9 else None


def read_preset(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Return the name of a preset that there is; the callback of an option.

    Raises
    ------
    click.BadParameter
        If there is none of that name.
    """
    try:
        preset(value, {}, 1)
    except ValueError as error:
        raise click.BadParameter(str(error).removeprefix("preset is "), ctx, param) from None
    return value


def read_seed(ctx: click.Context, param: click.Parameter, value: Any) -> int:
    """Return a word as the integer of a seed; the callback of an option.

    Raises
    ------
    click.BadParameter
        If it is none, or below zero.
    """
    seed = _number(int, value)
    if not isinstance(seed, int) or seed < 0:
        raise click.BadParameter(f"{value!r}, expected an integer of at least 0", ctx, param)
    return seed


def is_given(ctx: click.Context, name: str) -> bool:
    """Tell whether an option was given, and does not just have its default."""
    source = ctx.get_parameter_source(name)
    return source in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
