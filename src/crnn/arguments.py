"""Arguments: what a caller gave, checked once, at the border.

Every error names the argument, what came, what was expected and what to do. Nothing is computed.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np
import numpy.typing as npt

from crnn.memory import affordable, take_indices

__all__ = [
    "choice",
    "flag",
    "indices",
    "integer",
    "number",
    "real_array",
    "real_number",
    "room_for",
    "same_type",
]

IntArray = npt.NDArray[np.int32]
RealArray = npt.NDArray[np.floating[Any]]


def integer(name: str, value: Any, least: int | None = None) -> int:
    """Return `value` as an int.

    Raises
    ------
    TypeError
        If it is not an integer (a bool or 1.5 is none).
    ValueError
        If it is less than `least`.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} is {value!r}, expected an integer")
    if least is not None and value < least:
        raise ValueError(f"{name} is {value}, expected at least {least}")
    return int(value)


def room_for(name: str, count: Any) -> IntArray:
    """Return an array for `count` indices.

    Raises
    ------
    TypeError, ValueError
        If `count` is no integer or negative.
    MemoryError
        If this machine cannot hold so many.
    """
    size = integer(name, count, least=0)
    try:
        affordable(4 * size)
    except MemoryError as error:
        raise MemoryError(f"{name} is {size:,}: {error}") from None
    return np.empty(size, np.int32)


def number(name: str, value: Any, least: float) -> float:
    """Return `value` as a finite float of at least `least`."""
    if not least <= real_number(name, value) < math.inf:
        raise ValueError(f"{name} is {value}, expected a finite number of at least {least}")
    return float(value)


def real_number(name: str, value: Any) -> float:
    """Return `value` as a float, whatever it is; a bool or a str is a TypeError.

    Raises
    ------
    ValueError
        If it is an integer or a fraction beyond all floats.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} is {value!r}, expected a number")
    try:
        return float(value)
    except OverflowError:  # not shown: it may have more digits than Python writes
        raise ValueError(f"{name} is beyond all floats, expected one up to 1.8e308") from None


def flag(name: str, value: Any) -> bool:
    """Return `value`, which must be True or False."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} is {value!r}, expected True or False")
    return bool(value)


def choice(name: str, value: object, choices: tuple[str, ...]) -> str:
    """Return `value`, which must be one of some words.

    Raises
    ------
    ValueError
        If it is not.
    """
    if isinstance(value, str) and value in choices:
        return value
    raise ValueError(f"{name} is {value!r}, expected {' or '.join(map(repr, choices))}")


def indices(name: str, values: Any, end: int) -> IntArray:
    """Return character indices as an int32 array.

    Parameters
    ----------
    name : str
        What the caller calls them.
    values : list, tuple or one-dimensional array of an integer type
        The indices; at least one.
    end : int
        One more than the largest allowed: the size of the vocabulary.

    Raises
    ------
    TypeError
        If it is no such sequence or has something that is no integer.
    ValueError
        If it is empty or has more than one dimension.
    IndexError
        If an index is below 0 or not below `end`.
    """
    if isinstance(values, list | tuple) and values:
        ixes = np.empty(len(values), np.int32)
        if take_indices(values, ixes, end):
            return ixes
    _check_integers(name, values)
    if len(values) == 0:
        raise ValueError(f"{name} is empty, expected at least one character index")
    listed = isinstance(values, list | tuple)
    low, high = (min(values), max(values)) if listed else (values.min(), values.max())
    if not (low >= 0 and high < end):
        at = next(at for at, value in enumerate(values) if not 0 <= value < end)
        raise IndexError(f"{name}[{at}] is {values[at]}, expected an index from 0 to {end - 1}")
    return np.array(values, np.int32)


def _check_integers(name: str, values: Any) -> None:
    """Raise an error if `values` is no list, tuple or one-dimensional array of integers."""
    expected = "expected a list of integers or a one-dimensional array of an integer type"
    if isinstance(values, list | tuple):
        if set(map(type, values)) - {int}:
            for at, value in enumerate(values):
                integer(f"{name}[{at}]", value)
    elif not isinstance(values, np.ndarray) or isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name} is of type {type(values).__name__}, {expected}")
    elif values.dtype.kind not in "iu":
        raise TypeError(f"{name} has dtype {values.dtype}, {expected}")
    elif values.ndim != 1:
        raise ValueError(f"{name} has shape {values.shape}, {expected}")


def real_array(
    name: str, value: Any, shape: tuple[int | None, int | None], meaning: str
) -> RealArray:
    """Return `value`, checked to be a float32 or float64 array of two dimensions.

    Parameters
    ----------
    name : str
        What the caller calls it.
    value : numpy.ndarray
        Any strides, any memory order; read-only is fine.
    shape : tuple of int
        What is expected; None stands for any size of at least 1.
    meaning : str
        The same in words, e.g. "(hidden_size, 1)".
    """
    if not isinstance(value, np.ndarray):
        raise TypeError(
            f"{name} is of type {type(value).__name__}, expected a NumPy array {meaning}"
        )
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array, expected a plain one: pass {name}.filled(0)")
    if value.dtype.kind != "f" or value.dtype.itemsize not in (4, 8):
        raise TypeError(
            f"{name} has dtype {value.dtype}, expected float64 or float32: "
            f'convert it, e.g. {name}.astype("float64")'
        )
    if not value.dtype.isnative:
        raise TypeError(
            f"{name} is byte-swapped ({value.dtype.str}), expected this machine's byte order: "
            f'pass {name}.astype("{value.dtype.name}")'
        )
    fits = value.ndim == 2 and all(
        n == want if want is not None else n >= 1
        for n, want in zip(value.shape, shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if want is None else str(want) for want in shape)
        raise ValueError(f"{name} has shape {value.shape}, expected ({wanted}): {meaning}")
    return value


def same_type(name: str, value: RealArray, other_name: str, other: RealArray) -> None:
    """Raise a TypeError if two arrays are not of one type."""
    if value.dtype != other.dtype:
        raise TypeError(
            f"{name} is {value.dtype} but {other_name} is {other.dtype}, expected one type: "
            f'pass {name}.astype("{other.dtype}")'
        )
