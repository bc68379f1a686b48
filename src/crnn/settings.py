"""Settings: every number one can choose before a training.

One dataclass is the source of the keywords of `Trainer`, of the options of the command line, of
what a checkpoint says about its training, and of the words that explain them. It checks ranges and
computes nothing.
"""

from __future__ import annotations

import difflib
import math
import numbers
import operator
from collections.abc import Iterator, Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any, Final, Self

from crnn.core import PARAMETERS

__all__ = ["Settings", "checked", "describe", "range_of"]

MOST: Final = 2**62 - 1
"""The greatest integer that a setting may be: sums of two still fit into 64 bits."""
LATEST: Final = 0.9
"""The greatest part of all windows in which the rate may fall if the clock is to count them."""


def _setting(
    default: Any,
    text: str,
    *,
    unit: str = "",
    least: float | None = None,
    above: float | None = None,
    below: float | None = None,
    most: float | None = None,
    infinite: bool = False,
    choices: tuple[str, ...] = (),
    group: str,
) -> Any:
    """Return a dataclass field with its documentation and its range.

    Parameters
    ----------
    default : bool, int, float or str
        The default; its type is the type of the setting.
    text : str
        What it means, one sentence without a full stop.
    unit : str
        What it counts, empty if nothing.
    least, above, below, most : float, optional
        Smallest and greatest value allowed, or the values it must exceed or stay under.
    infinite : bool
        Whether it may be infinity.
    choices : tuple of str
        The words allowed, for a text; any, if there are none.
    group : str
        What it belongs to, for whoever lists settings.
    """
    about: dict[str, Any] = {
        "text": text,
        "unit": unit,
        "least": least,
        "above": above,
        "below": below,
    }
    about |= {"most": most, "infinite": infinite, "choices": choices, "group": group}
    return field(default=default, metadata=about)


_BELOW_ONE: Final = 1 - 2.0**-24  # the greatest float32 below 1


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

    encoding: str = _setting(
        "utf-8",
        "Of the text: utf-8, latin-1, cp1251, utf-16...; bytes models any file byte by byte",
        group="Text",
    )
    normalize: str = _setting(
        "none",
        "Unicode normal form the text is brought to",
        choices=("none", "NFC", "NFKC"),
        group="Text",
    )
    newlines: str = _setting(
        "keep",
        "Whether line ends stay as they are, or all become the line feed of Unix",
        choices=("keep", "unix"),
        group="Text",
    )
    lowercase: bool = _setting(False, "Make the text lowercase", group="Text")
    min_count: int = _setting(
        1,
        "Characters that occur less often become the one replacement character U+FFFD",
        least=1,
        group="Text",
    )
    documents: str = _setting(
        "none",
        "What stays apart: no window crosses from one file or line to the next, where the state "
        "is reset",
        choices=("none", "file", "line"),
        group="Text",
    )
    hidden_size: int = _setting(100, "Units of the hidden layer", least=1, group="Model")
    init: str = _setting(
        "normal",
        "How the first weights are drawn: N(0, 0.01^2), or Whh orthogonal or the identity and the "
        "rest uniform (Glorot)",
        choices=("normal", "orthogonal", "identity"),
        group="Model",
    )
    dtype: str = _setting(
        "float32",
        "Type of the parameters and of the arithmetic",
        choices=("float32", "float64"),
        group="Model",
    )
    seq_length: int = _setting(
        25,
        "Steps the network is unrolled for in training",
        unit="characters",
        least=1,
        group="Windows",
    )
    batch_size: int = _setting(
        1,
        "Parallel streams the text is cut into; each window's gradient is their mean",
        unit="streams",
        least=1,
        group="Windows",
    )
    dropout: float = _setting(
        0.0,
        "Probability that a hidden unit is left out on its way to Why",
        least=0,
        below=1,
        group="Windows",
    )
    optimizer: str = _setting(
        "adagrad",
        "How gradients become steps",
        choices=("sgd", "adagrad", "rmsprop", "adam", "adamw"),
        group="Optimizer",
    )
    learning_rate: float = _setting(
        0.1,
        "Step size; the default suits Adagrad, Adam wants about 0.002",
        above=0,
        group="Learning rate",
    )
    momentum: float = _setting(
        0.9, "How much of the last step's direction sgd keeps", least=0, below=1, group="Optimizer"
    )
    decay_rate: float = _setting(
        0.99, "Of RMSprop's mean square", least=0, below=1, group="Optimizer"
    )
    beta1: float = _setting(
        0.9, "Of the mean of gradients in Adam and AdamW", least=0, below=1, group="Optimizer"
    )
    beta2: float = _setting(
        0.999, "Of the mean of their squares in Adam and AdamW", least=0, below=1, group="Optimizer"
    )
    weight_decay: float = _setting(
        0.0,
        "Of matrices; AdamW makes them smaller by rate times this, others add this times the "
        "weights to the gradient",
        least=0,
        group="Optimizer",
    )
    clip: float = _setting(
        5.0,
        "Every element of a gradient is clipped to plus or minus this; inf: not clipped",
        above=0,
        infinite=True,
        group="Optimizer",
    )
    clip_norm: float = _setting(
        math.inf,
        "Before that, all gradients are made smaller together where their norm is greater than "
        "this; inf: never",
        above=0,
        infinite=True,
        group="Optimizer",
    )
    freeze: str = _setting(
        "",
        "Parameters that are not trained, with commas between: Wxh,Whh,Why,bh,by",
        group="Optimizer",
    )
    schedule: str = _setting(
        "constant",
        "What becomes of the learning rate: it stays, is multiplied now and then, falls like a "
        "cosine, or falls in a straight line at the end",
        choices=("constant", "step", "cosine", "trapezoid"),
        group="Learning rate",
    )
    warmup: int = _setting(
        0,
        "Windows in which the learning rate rises to its height",
        unit="windows",
        least=0,
        group="Learning rate",
    )
    decay_every: int = _setting(
        10_000,
        "How often the schedule step multiplies the rate",
        unit="windows",
        least=1,
        group="Learning rate",
    )
    decay_factor: float = _setting(
        0.5, "By how much: the schedule step, and a plateau", above=0, most=1, group="Learning rate"
    )
    final_rate: float = _setting(
        0.0,
        "Part of the rate that cosine and trapezoid leave at last",
        least=0,
        most=1,
        group="Learning rate",
    )
    decay_fraction: float = _setting(
        0.5, "Part of all windows in which trapezoid falls", least=0, most=1, group="Learning rate"
    )
    val_fraction: float = _setting(
        0.0,
        "Part of the text, at its end, that is held back for validation",
        least=0,
        below=1,
        group="Validation",
    )
    val_every: int = _setting(
        0,
        "Validate every so many windows; 0: whenever twenty times the validation text was read",
        unit="windows",
        least=0,
        group="Validation",
    )
    patience: int = _setting(
        0,
        "Stop early after so many validations without a better one; 0: never",
        unit="validations",
        least=0,
        group="Validation",
    )
    plateau: int = _setting(
        0,
        "Multiply the rate by decay-factor after so many validations without a better one; "
        "0: never",
        unit="validations",
        least=0,
        group="Validation",
    )
    on_divergence: str = _setting(
        "stop",
        "When the loss is lost: stop, or go back to the last good report with half the rate",
        choices=("stop", "halve-rate"),
        group="Run",
    )
    threads: int = _setting(
        1,
        "Most threads at work; small windows use fewer, and no result changes",
        least=1,
        group="Run",
    )
    steps: int = _setting(
        101_000,
        "Windows to train in total, counted over resumes",
        unit="windows",
        least=0,
        group="Run",
    )
    time: float = _setting(
        0.0,
        "Train so long instead: the clock, consulted once, chooses the number of windows",
        unit="seconds",
        least=0,
        group="Run",
    )
    report_every: int = _setting(
        1000, "Report the loss every so many windows", unit="windows", least=1, group="Run"
    )
    sample_every: int = _setting(
        1000, "Draw a sample every so many windows; 0: never", unit="windows", least=0, group="Run"
    )
    sample_length: int = _setting(
        200, "Length of such a sample", unit="characters", least=1, group="Run"
    )

    def __post_init__(self) -> None:
        for setting in fields(self):
            object.__setattr__(self, setting.name, checked(setting, getattr(self, setting.name)))
        unknown = [name for name in self.frozen if name not in PARAMETERS]
        if unknown:
            raise ValueError(f"freeze names {', '.join(unknown)}, expected {' '.join(PARAMETERS)}")
        self._check_schedule()
        self._check_rounding()

    def _check_schedule(self) -> None:
        if self.schedule == "cosine" and self.time > 0:
            raise ValueError(
                "schedule is 'cosine', which has to know its end from the first window on: with "
                "time use 'trapezoid', or give steps instead"
            )
        if self.schedule == "cosine" and self.warmup >= self.steps:
            raise ValueError(
                f"warmup is {self.warmup:,} windows of {self.steps:,} steps: a cosine needs some "
                "after it"
            )
        if self.schedule == "trapezoid" and self.time > 0 and self.decay_fraction > LATEST:
            raise ValueError(
                f"decay_fraction is {self.decay_fraction}, expected at most {LATEST} with time: "
                "before the rate falls it has to be seen how fast training is"
            )

    def _check_rounding(self) -> None:
        """Make sure that the type of the arithmetic does not take a number below 1 for 1."""
        used = {"rmsprop": ("decay_rate",), "adam": ("beta1", "beta2"), "adamw": ("beta1", "beta2")}
        for name in used.get(self.optimizer, ()):
            value = getattr(self, name)
            if self.dtype == "float32" and value > _BELOW_ONE:
                raise ValueError(
                    f"{name} is {value}, which is 1 in float32, expected at most {_BELOW_ONE}: "
                    "or use float64"
                )

    @property
    def frozen(self) -> tuple[str, ...]:
        """The parameters named by `freeze`."""
        return tuple(word for word in self.freeze.replace(" ", "").split(",") if word)

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


def checked(setting: Field[Any], value: Any) -> Any:
    """Return `value` as the type of the setting, or raise an error that names the setting."""
    kind: type[Any] = type(setting.default)
    if kind is str:
        return _checked_word(setting.name, value, setting.metadata["choices"])
    if kind is bool:
        if not isinstance(value, bool):
            raise TypeError(f"{setting.name} is {value!r}, expected True or False")
        return value
    wanted = "an integer" if kind is int else "a number"
    is_kind = isinstance(value, numbers.Integral if kind is int else numbers.Real)
    if not is_kind or isinstance(value, bool):
        raise TypeError(f"{setting.name} is {value!r}, expected {wanted}")
    if kind is int and value > MOST:
        raise ValueError(f"{setting.name} is {value}, expected an integer of at most {MOST}")
    if math.isinf(value) and not setting.metadata["infinite"]:
        raise ValueError(f"{setting.name} is {value}, expected a finite number")
    if not all(_bounds(setting, value)):
        raise ValueError(f"{setting.name} is {value}, expected {wanted} {range_of(setting)}")
    return kind(value)


def _checked_word(name: str, value: Any, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}, expected a str")
    if choices and value not in choices:
        near = difflib.get_close_matches(value.lower(), choices, n=1)
        hint = f": did you mean {near[0]!r}?" if near else ""
        words = ", ".join(map(repr, choices[:-1])) + f" or {choices[-1]!r}"
        raise ValueError(f"{name} is {value!r}, expected {words}{hint}")
    return value


def _bounds(setting: Field[Any], value: Any) -> Iterator[bool]:
    """Tell for each bound whether a value keeps it; a NaN keeps none."""
    compare = {
        "least": operator.ge,
        "above": operator.gt,
        "below": operator.lt,
        "most": operator.le,
    }
    for name, keeps in compare.items():
        bound = setting.metadata[name]
        yield bound is None or keeps(value, bound)


def range_of(setting: Field[Any]) -> str:
    """Return the range of a number in words.

    Examples
    --------
    >>> range_of(describe("dropout"))
    'of at least 0 and below 1'
    """
    words = {"least": "of at least", "above": "above", "below": "below", "most": "at most"}
    bounds = [(words[name], setting.metadata[name]) for name in words]
    return " and ".join(f"{word} {bound}" for word, bound in bounds if bound is not None)
