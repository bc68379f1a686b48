"""A state_dict in a safetensors file, which PyTorch users load without PyTorch's own format.

``safetensors.torch.load_file`` gives the state_dict; writing and reading it need no PyTorch here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from crnn import checkpoint
from crnn.exchange.parameters import Declared, ExchangeError, Found
from crnn.exchange.state_dict import Tensor, found, state_dict
from crnn.model import RNN

__all__ = ["is_one", "read", "to_bytes"]

_deserialize: Callable[[bytes], list[tuple[str, dict[str, Any]]]] = safetensors.deserialize

_TYPES: Final = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "U32": "<u4"}
_LONGEST_HEADER: Final = 100_000_000  # of any safetensors file
_BITS: Final = {"F64": 64, "F32": 32}


def to_bytes(model: RNN) -> bytes:
    """Return the state_dict of a model as a safetensors file."""
    return safetensors.numpy.save(state_dict(model), {"format": "pt"})


def is_one(head: bytes) -> bool:
    """Tell whether a file with that beginning is meant to be a safetensors file."""
    length = int.from_bytes(head[:8], "little")
    return length <= _LONGEST_HEADER and head[8:9] == b"{"


def read(data: bytes, source: str) -> Found:
    """Read a state_dict.

    Raises
    ------
    ExchangeError
        If the file is damaged, or its tensors are not those of such a module.
    """
    if checkpoint.begins_like_one(data):
        raise _of_our_own(data, source)
    try:
        records = _deserialize(data)
    except safetensors.SafetensorError as error:
        raise ExchangeError(f"{source!r} is damaged: {error}; save it again") from error
    return found(source, {name: _tensor(source, name, record) for name, record in records})


def _of_our_own(data: bytes, source: str) -> ExchangeError:
    """Return the error of a checkpoint of crnn: there is nothing to import, or it is damaged."""
    try:
        checkpoint.parse(data, source)
    except checkpoint.CheckpointError as error:
        return ExchangeError(str(error))
    return ExchangeError(
        f"{source!r} is a crnn model already: use it as it is, with the characters that it has"
    )


def _tensor(source: str, name: str, record: dict[str, Any]) -> Tensor:
    kind, shape = record["dtype"], tuple(record["shape"])

    def values() -> npt.NDArray[Any]:
        if kind not in _TYPES:
            raise ExchangeError(
                f"{source!r}: {name} is of type {kind}, expected integers of 32 or 64 bits"
            )
        return np.frombuffer(record["data"], _TYPES[kind]).reshape(shape)

    return Tensor(Declared(name, kind, _BITS.get(kind, 0), shape), values)
