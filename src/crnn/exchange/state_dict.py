"""What a model is called in PyTorch: the state_dict of an ``nn.RNN`` and an ``nn.Linear``.

    rnn.weight_ih_l0  Wxh (H, V)      rnn.bias_ih_l0  bh (H,)       linear.weight  Why (V, H)
    rnn.weight_hh_l0  Whh (H, H)      rnn.bias_hh_l0  0 (H,)        linear.bias    by (V,)
    code_points  (V,) int64, the vocabulary: a buffer of the module

What is read may have other names before the last dot, no biases (they are 0), and no code points.
A tensor beyond these is refused: the module would compute something else than a crnn model. Whether
its ``nonlinearity`` is tanh is not in its state_dict. This module knows no file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from crnn.exchange.parameters import CODE_POINTS, Declared, ExchangeError, Found, check
from crnn.model import RNN
from crnn.probe import Mode
from crnn.vocab import Vocab

__all__ = ["Tensor", "found", "state_dict"]

Array = npt.NDArray[Any]

_OF_RNN: Final = {
    "Wxh": "weight_ih_l0",
    "Whh": "weight_hh_l0",
    "bh": "bias_ih_l0",
    "second bh": "bias_hh_l0",
}
_ENDINGS: Final = {**_OF_RNN, "Why": "weight", "by": "bias", CODE_POINTS: CODE_POINTS}
"""What their names end in, after the last dot."""
_EXPECTED: Final = (
    "expected the state_dict of a module with one nn.RNN of one layer and one nn.Linear"
)


_LONGEST: Final = 60  # letters of a name in a message
_MOST_LISTED: Final = 8


@dataclass(frozen=True)
class Tensor:
    """A tensor of a file: what is declared of it, and how to get its numbers."""

    declared: Declared
    values: Callable[[], Array]


def state_dict(model: RNN) -> dict[str, Array]:
    """Return copies of the parameters in C order under PyTorch's names."""
    arrays = {
        "rnn.weight_ih_l0": model.Wxh,
        "rnn.weight_hh_l0": model.Whh,
        "rnn.bias_ih_l0": model.bh[:, 0],
        "rnn.bias_hh_l0": np.zeros(model.hidden_size, model.dtype),
        "linear.weight": model.Why,
        "linear.bias": model.by[:, 0],
        CODE_POINTS: model.vocab.code_points.astype(np.int64),
    }
    return {name: np.array(array, order="C") for name, array in arrays.items()}


def found(source: str, tensors: Mapping[str, Tensor]) -> Found:
    """Return the parameters among the tensors of a file.

    Raises
    ------
    ExchangeError
        If they are not those of such a module.
    """
    names = _names(source, tensors)
    points = names.pop(CODE_POINTS, None)
    second = names.pop("second bh", None)
    declared = {ours: tensors[theirs].declared for ours, theirs in names.items()}
    check(source, declared)
    if second is not None:
        check(source, declared | {"bh": tensors[second].declared})
    arrays = {ours: tensors[theirs].values() for ours, theirs in names.items()}
    H, V = arrays["Wxh"].shape
    arrays.setdefault("bh", np.zeros(H, arrays["Wxh"].dtype))
    arrays.setdefault("by", np.zeros(V, arrays["Wxh"].dtype))
    if second is not None:
        with Mode():
            arrays["bh"] = arrays["bh"].reshape(H) + tensors[second].values().reshape(H)
    return Found(arrays, None if points is None else _vocabulary(source, tensors[points]))


def _names(source: str, tensors: Iterable[str]) -> dict[str, str]:
    """Return their name of each of ours."""
    rest = set(tensors)
    names = {}
    for ours, ending in _ENDINGS.items():
        matching = sorted(name for name in rest if name.rpartition(".")[2] == ending)
        if len(matching) > 1:
            raise ExchangeError(
                f"{source!r} has {len(matching)} tensors that may be {ours}: "
                f"{_listed(matching)}; {_EXPECTED}"
            )
        if matching:
            names[ours] = matching[0]
            rest.remove(matching[0])
    for ours in ("Wxh", "Whh", "Why"):
        if ours not in names:
            what = {**_OF_RNN, "Why": "weight of the nn.Linear"}[ours]
            there = _listed(sorted(tensors)) or "nothing"
            raise ExchangeError(f"{source!r} has no {what}, only {there}; {_EXPECTED}")
    if rest:
        raise ExchangeError(
            f"{source!r} has more than a crnn model can hold: {_listed(sorted(rest))}; {_EXPECTED}"
        )
    return names


def _listed(names: list[str]) -> str:
    """Return some names for a message: a file may have any number of any length."""
    shown = ", ".join(name[:_LONGEST] for name in names[:_MOST_LISTED])
    more = len(names) - _MOST_LISTED
    return f"{shown} and {more} more" if more > 0 else shown


def _vocabulary(source: str, tensor: Tensor) -> Vocab:
    points = tensor.values()
    try:
        return Vocab.from_code_points(points)
    except (TypeError, ValueError) as error:
        raise ExchangeError(f"{source!r}: {tensor.declared.name}: {error}") from error
