"""Options of the command line, those of a training made from `Settings`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, dataclass, fields
from typing import Any, TypeVar

import click

from crnn.settings import Settings

__all__ = ["Period", "PeriodType", "setting_options"]

Function = TypeVar("Function", bound=Callable[..., Any])


def setting_options(function: Function) -> Function:
    """Give a command one option for every field of `Settings`, in their order."""
    for setting in reversed(fields(Settings)):
        function = _option(setting)(function)
    return function


def _option(setting: Field[Any]) -> Callable[[Function], Function]:
    about = setting.metadata
    unit = f" ({about['unit']})" if about["unit"] else ""
    return click.option(
        "--" + setting.name.replace("_", "-"),
        type=_type(setting),
        default=setting.default,
        show_default=True,
        help=f"{about['text']}{unit}.",
    )


def _type(setting: Field[Any]) -> click.ParamType[Any]:
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


class PeriodType(click.ParamType["Period"]):
    """Reads ``1000`` as windows and ``30s`` as seconds."""

    name = "N|Ns"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Period:
        """Return the period that was written."""
        if isinstance(value, Period):
            return value
        try:
            if value.endswith("s"):
                period = Period(seconds=float(value[:-1]))
            else:
                period = Period(windows=int(value))
        except ValueError:
            period = Period(windows=0)
        if not (period.windows or period.seconds or 0) > 0:
            self.fail(f"{value!r} is neither a number of windows nor seconds such as 30s", param, ctx)
        return period
