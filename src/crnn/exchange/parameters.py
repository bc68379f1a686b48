"""Parameters on their way between crnn and another program's file.

A file *declares* arrays, each with a name of its own, a type and a shape; they are compared with
what crnn expects before any of their numbers is read. Then they become a model. This module knows
no format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from crnn.memory import affordable
from crnn.model import PARAMETERS, RNN
from crnn.vocab import Vocab

__all__ = ["CODE_POINTS", "Declared", "ExchangeError", "Found", "check", "finite", "model_of"]

Array = npt.NDArray[Any]

CODE_POINTS: Final = "code_points"
"""Name of the array that holds the vocabulary in the files we write: code points by index."""


_MOST_SHOWN: Final = 8  # dimensions in a message


class ExchangeError(ValueError):
    """A file that cannot be imported, or a model that a format cannot hold."""


@dataclass(frozen=True)
class Declared:
    """What a file says of one of its arrays.

    Attributes
    ----------
    name : str
        Its name in the file.
    dtype : str
        Its type, as the file's format names types.
    bits : int
        64 or 32 if the type is float64 or float32, otherwise 0.
    shape : tuple of int
    """

    name: str
    dtype: str
    bits: int
    shape: tuple[int, ...]

    @property
    def shown_shape(self) -> str:
        """The shape for a message, whatever it is.

        Examples
        --------
        >>> Declared("by", "float64", 64, (3, 1)).shown_shape
        '(3, 1)'
        """
        dimensions = len(self.shape)
        return str(self.shape) if dimensions <= _MOST_SHOWN else f"of {dimensions:,} dimensions"


@dataclass(frozen=True)
class Found:
    """What was read of a file: parameters by our names, and the vocabulary if it has one."""

    arrays: Mapping[str, Array]
    vocab: Vocab | None


def check(source: str, declared: Mapping[str, Declared]) -> None:
    """Compare declared arrays with each other; the keys are our names of parameters.

    Raises
    ------
    ExchangeError
        If one is of another type or shape than the rest of them make necessary.
    MemoryError
        If this machine cannot hold them.
    """
    first = declared["Wxh"]
    for entry in declared.values():
        if not entry.bits:
            raise ExchangeError(
                f"{source!r}: {entry.name} is of type {entry.dtype}, expected float64 or float32; "
                "convert it before it is saved"
            )
        if entry.bits != first.bits:
            raise ExchangeError(
                f"{source!r}: {entry.name} is float{entry.bits} but {first.name} is "
                f"float{first.bits}, expected one type; convert them before they are saved"
            )
    if len(first.shape) != 2 or min(first.shape) < 1:
        raise ExchangeError(
            f"{source!r}: {first.name} has shape {first.shown_shape}, expected (hidden_size, "
            "number of characters)"
        )
    for name, entry in declared.items():
        _check_shape(source, name, entry, first)
    H, V = first.shape
    affordable((2 * H * V + H * H + H + V) * (first.bits // 8))


def _check_shape(source: str, name: str, entry: Declared, first: Declared) -> None:
    H, V = first.shape
    expected = {"Wxh": (H, V), "Whh": (H, H), "Why": (V, H), "bh": (H, 1), "by": (V, 1)}[name]
    flat = expected[:1] if name in ("bh", "by") else expected
    if entry.shape not in (expected, flat):
        raise ExchangeError(
            f"{source!r}: {entry.name} has shape {entry.shown_shape}, expected {expected}, to fit "
            f"{first.name}, which has shape {first.shape}: (hidden_size, number of characters)"
        )


def model_of(source: str, found: Found, chars: str | None) -> RNN:
    """Return the model of arrays that `check` has passed.

    Parameters
    ----------
    source : str
        What errors call the file.
    found : Found
        Its arrays, and the characters that it holds itself.
    chars : str, optional
        The characters in the order of their indices, for a file that holds none.

    Raises
    ------
    ExchangeError
        If the characters are missing, contradict the file or are not as many as its arrays need,
        or if an array holds NaN or infinity.
    """
    arrays = {name: _plain(found.arrays[name]) for name in PARAMETERS}
    finite(source, arrays)
    vocab = _vocabulary(source, found.vocab, chars, V=arrays["Wxh"].shape[1])
    return RNN.from_arrays(vocab, *arrays.values())


def _plain(array: Array) -> Array:
    """Return an array in this machine's byte order, a bias as one column."""
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    return native.reshape(-1, 1) if native.ndim == 1 else native


def finite(source: str, arrays: Mapping[str, Array]) -> None:
    """Raise an ExchangeError if parameters hold NaN or infinity."""
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ExchangeError(
                f"{source!r}: {name} holds NaN or infinity, which predict nothing; train again "
                "with a smaller learning_rate"
            )


def _vocabulary(source: str, held: Vocab | None, chars: str | None, *, V: int) -> Vocab:
    """Return the characters, from the file or from the caller."""
    given = None if chars is None else Vocab(chars)
    vocab = held or given
    if vocab is None:
        raise ExchangeError(
            f"{source!r} does not say which characters its {V} indices stand for: give them, in "
            "their order, as chars (--chars FILE)"
        )
    if held is not None and given is not None and held != given:
        raise ExchangeError(
            f"chars contradicts {source!r}, which holds its characters itself: leave chars out"
        )
    if len(vocab) == V:
        return vocab
    hint = ""
    if held is None and vocab.chars.endswith("\n") and len(vocab) == V + 1:
        hint = "; is the newline at its end one of them?"
    whose = f"{source!r} holds" if held is not None else "chars has"
    raise ExchangeError(
        f"{whose} {len(vocab)} characters, but the arrays are of {V}: expected one for each{hint}"
    )
