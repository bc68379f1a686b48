"""Settings: every number one can choose before a training.

One dataclass is the source of the keywords of `Trainer`, of the options of the command line, of
what a checkpoint says about its training, and of the words that explain them. It checks ranges and
computes nothing.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any, Self

__all__ = ["Settings", "describe"]


def _setting(
    default: Any,
    text: str,
    *,
    unit: str = "",
    least: float | None = None,
    above: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Return a dataclass field with its documentation and its range.

    Parameters
    ----------
    default : int, float or str
        The default; its type is the type of the setting.
    text : str
        What it means, one sentence without a full stop.
    unit : str
        What it counts, empty if nothing.
    least, above : float, optional
        Smallest value allowed, or the value it must exceed.
    choices : tuple of str
        The words allowed, for a text.
    """
    about = {"text": text, "unit": unit, "least": least, "above": above, "choices": choices}
    return field(default=default, metadata=about)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a model and its training are made with; the defaults are the reference's.

    Raises
    ------
    TypeError
        If a value is not of the kind its setting needs.
    ValueError
        If it is out of range; the message names the range.

    Examples
    --------
    >>> Settings(seq_length=50).seq_length
    50
    >>> Settings(seq_length=0)
    Traceback (most recent call last):
        ...
    ValueError: seq_length is 0, expected an integer of at least 1
    """

    hidden_size: int = _setting(100, "Units of the hidden layer", least=1)
    seq_length: int = _setting(
        25, "Steps the network is unrolled for in training", unit="characters", least=1
    )
    batch_size: int = _setting(
        1,
        "Parallel streams the text is cut into; each window's gradient is their mean",
        unit="streams",
        least=1,
    )
    optimizer: str = _setting("adagrad", "How gradients become steps", choices=("adagrad", "adam"))
    learning_rate: float = _setting(
        0.1, "Step size; the default suits Adagrad, Adam wants about 0.002", above=0
    )
    clip: float = _setting(
        5.0,
        "Every element of a gradient is clipped to plus or minus this; inf: not clipped",
        above=0,
    )
    init: str = _setting(
        "normal",
        "How the first weights are drawn: N(0, 0.01^2), or Whh orthogonal or the identity and the "
        "rest uniform (Glorot)",
        choices=("normal", "orthogonal", "identity"),
    )
    dtype: str = _setting(
        "float32", "Type of the parameters and of the arithmetic", choices=("float32", "float64")
    )
    threads: int = _setting(
        1, "Most threads at work; small windows use fewer, and no result changes", least=1
    )
    steps: int = _setting(
        101_000, "Windows to train in total, counted over resumes", unit="windows", least=0
    )
    report_every: int = _setting(
        1000, "Report the loss every so many windows", unit="windows", least=1
    )
    sample_every: int = _setting(
        1000, "Draw a sample every so many windows; 0: never", unit="windows", least=0
    )
    sample_length: int = _setting(200, "Length of such a sample", unit="characters", least=1)

    def __post_init__(self) -> None:
        for setting in fields(self):
            object.__setattr__(self, setting.name, _checked(setting, getattr(self, setting.name)))

    def to_dict(self) -> dict[str, Any]:
        """Return the settings by name, as a checkpoint stores them."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the settings that `to_dict` gave.

        Raises
        ------
        ValueError
            If a name is unknown.
        """
        unknown = sorted(set(values) - {setting.name for setting in fields(cls)})
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(unknown)}")
        plain: dict[str, Any] = {
            name: math.inf if value == "inf" else value for name, value in values.items()
        }
        return cls(**plain)


def describe(name: str) -> Field[Any]:
    """Return the field of one setting: its default, and in its metadata text, unit and range.

    Examples
    --------
    >>> describe("hidden_size").metadata["text"]
    'Units of the hidden layer'
    """
    return {setting.name: setting for setting in fields(Settings)}[name]


def _plain(value: Any) -> Any:
    """Return `value` as JSON knows it: infinity, which it does not, as a word."""
    return "inf" if value == math.inf else value


def _checked(setting: Field[Any], value: Any) -> Any:
    """Return `value` as the type of the setting, or raise an error that names the setting."""
    kind: type[Any] = type(setting.default)
    about = setting.metadata
    if kind is str:
        if value not in about["choices"]:
            words = " or ".join(map(repr, about["choices"]))
            raise ValueError(f"{setting.name} is {value!r}, expected {words}")
        return str(value)
    wanted = "an integer" if kind is int else "a number"
    is_kind = isinstance(value, numbers.Integral if kind is int else numbers.Real)
    if not is_kind or isinstance(value, bool):
        raise TypeError(f"{setting.name} is {value!r}, expected {wanted}")
    if about["least"] is not None and not value >= about["least"]:
        raise ValueError(
            f"{setting.name} is {value}, expected {wanted} of at least {about['least']}"
        )
    if about["above"] is not None and not value > about["above"]:
        raise ValueError(f"{setting.name} is {value}, expected {wanted} above {about['above']}")
    return kind(value)
