"""Presets: settings by name.

"reference" is the notebook's. "strong" is the best recipe known here for a vanilla RNN on one core:
AdamW from an orthogonal Whh, a short warm-up, a constant rate, then a straight fall; and a wider
network, kept from learning by heart, where there is more time. `docs/howto/settings.md` says what
was tried.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import Any, Final

from crnn import probe
from crnn.settings import Settings

__all__ = ["PRESETS", "preset"]

PRESETS: Final = ("reference", "strong")
"""Their names."""
MOST_VALIDATED: Final = 500_000
"""Characters that "strong" holds back at most: reading more takes time and says nothing new."""

_STRONG: Final = {
    "optimizer": "adamw",
    "init": "orthogonal",
    "schedule": "trapezoid",
    "clip": math.inf,
    "clip_norm": 1.0,
    "warmup": 100,
    "decay_fraction": 0.5,
}

# From so many seconds on one core, or so many windows, on.
_SIZES: Final = (
    (
        0.0,
        0,
        {"hidden_size": 192, "seq_length": 25, "batch_size": 16, "learning_rate": 0.004},
    ),
    (
        60.0,
        40_000,
        {
            "hidden_size": 256,
            "seq_length": 50,
            "batch_size": 8,
            "learning_rate": 0.003,
            "dropout": 0.1,
            "weight_decay": 0.01,
            "decay_fraction": 0.6,
        },
    ),
)


def preset(name: str, given: Mapping[str, Any], characters: int) -> Settings:
    """Return the settings of a preset, where others are not given.

    Parameters
    ----------
    name : {"reference", "strong"}
    given : mapping
        Settings that were chosen; they override the preset's. "strong" fits itself to their `time`
        or `steps`.
    characters : int
        Length of the text: the streams must fit into it.

    Raises
    ------
    ValueError
        If there is no such preset.

    Examples
    --------
    >>> preset("reference", {}, 1000) == Settings()
    True
    >>> preset("strong", {"time": 10.0, "dropout": 0.2}, 1_000_000).dropout
    0.2
    """
    if name not in PRESETS:
        near = difflib.get_close_matches(name, PRESETS, n=1)
        hint = f": did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"preset is {name!r}, expected {' or '.join(map(repr, PRESETS))}{hint}")
    if name == "reference":
        return Settings(**given)
    chosen = {**_STRONG, **_sizes(given), **given}
    with probe.Mode():
        if "val_fraction" not in given:
            chosen["val_fraction"] = _held_back(characters, chosen["seq_length"])
        trained = int(characters * (1 - chosen["val_fraction"]))
    if "batch_size" not in given:
        most = trained // (8 * (chosen["seq_length"] + 2))
        chosen["batch_size"] = max(1, min(chosen["batch_size"], most))
    return Settings(**chosen)


def _held_back(characters: int, seq_length: int) -> float:
    """Return which part to validate on: a tenth, but no more than tells; nothing of a tiny text."""
    if characters < 20 * (seq_length + 2):
        return 0.0
    return min(0.1, MOST_VALIDATED / max(characters, 1))


def _sizes(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sizes that suit a time or a number of windows."""
    seconds, steps = given.get("time", 0.0), given.get("steps", Settings.steps)
    fitting = [
        sizes
        for least_seconds, least_steps, sizes in _SIZES
        if (seconds >= least_seconds if seconds else steps >= least_steps)
    ]
    return fitting[-1]
