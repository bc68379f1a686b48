"""Options of the command line, those of a training made from `Settings`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, dataclass, fields
from typing import Any, TypeVar

import click

from crnn.settings import Settings

__all__ = ["Period", "read_period", "setting_options"]

Function = TypeVar("Function", bound=Callable[..., Any])


def setting_options(function: Function) -> Function:
    """Give a command one option for every field of `Settings`, in their order."""
    for setting in reversed(fields(Settings)):
        function = _option(setting)(function)
    return function


def _option(setting: Field[Any]) -> Callable[[Function], Function]:
    about = setting.metadata
    unit = "" if about["unit"] in about["text"].lower() else f", in {about['unit']}"
    return click.option(
        "--" + setting.name.replace("_", "-"),
        type=_type(setting),
        metavar=None if about["choices"] else "N" if isinstance(setting.default, int) else "X",
        default=setting.default,
        show_default=True,
        help=f"{about['text']}{unit}.",
    )


def _type(setting: Field[Any]) -> click.Choice[str] | click.IntRange | click.FloatRange:
    """Return what click checks a setting with: its kind and its range."""
    about = setting.metadata
    if about["choices"]:
        return click.Choice(about["choices"])
    if isinstance(setting.default, int):
        return click.IntRange(min=about["least"])
    return click.FloatRange(min=about["above"], min_open=True)


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
    try:
        if value.endswith("s"):
            period = Period(seconds=float(value[:-1]))
        else:
            period = Period(windows=int(value))
    except ValueError:
        period = Period(windows=0)
    if not (period.windows or period.seconds or 0) > 0:
        raise click.BadParameter(
            f"{value!r} is neither a number of windows such as 5000 nor of seconds such as 30s"
        )
    return period
