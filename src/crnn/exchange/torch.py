"""A state_dict in PyTorch's own file: written by ``torch.save``, read by ``torch.load``.

It needs PyTorch. It is read with ``weights_only=True``: what is no tensor is an error, and nothing
of it is run.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from crnn.exchange.parameters import Declared, ExchangeError, Found
from crnn.exchange.state_dict import Tensor, found, state_dict
from crnn.model import RNN

__all__ = ["is_one", "read", "to_bytes"]

_BROKEN = (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error)  # of an archive
_ADVICE = "save it by torch.save(module.state_dict(), ...)"


def to_bytes(model: RNN) -> bytes:
    """Return the state_dict of a model as `torch.save` writes it.

    Raises
    ------
    ImportError
        If PyTorch is not installed.
    """
    torch = _library()
    tensors = {name: torch.from_numpy(array) for name, array in state_dict(model).items()}
    file = io.BytesIO()
    torch.save(tensors, file)
    return file.getvalue()


def is_one(data: bytes) -> bool:
    """Tell whether an archive is meant to be a file of `torch.save`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(name.rpartition("/")[2] == "data.pkl" for name in archive.namelist())
    except _BROKEN:
        return False


def read(data: bytes, source: str) -> Found:
    """Read a state_dict.

    Raises
    ------
    ExchangeError
        If the file is damaged, holds more than tensors, or those are not of such a module.
    ImportError
        If PyTorch is not installed.
    """
    torch = _library()
    _check_stored(data, source)
    try:
        tensors = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # PyTorch raises what it likes for a damaged file
        reason = str(error).strip().partition("\n")[0]
        raise ExchangeError(
            f"{source!r} is damaged, or holds more than tensors: {reason}; {_ADVICE}"
        ) from error
    if not isinstance(tensors, Mapping):
        raise ExchangeError(f"{source!r} holds a {type(tensors).__name__}, no tensors; {_ADVICE}")
    size = len(data)
    return found(source, {str(n): _tensor(torch, source, n, t, size) for n, t in tensors.items()})


def _library() -> Any:
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            "files of torch.save need PyTorch: pip install 'crnn[torch]'; a .safetensors file "
            "needs none"
        ) from error
    return torch


def _check_stored(data: bytes, source: str) -> None:
    """Refuse packed entries: torch.save has none, and without them all sizes are true."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            stored = {entry.compress_type for entry in archive.infolist()} <= {zipfile.ZIP_STORED}
    except _BROKEN as error:
        raise ExchangeError(f"{source!r} is damaged: {error}; {_ADVICE}") from error
    if not stored:
        raise ExchangeError(f"{source!r} has packed entries, which torch.save never writes")


def _tensor(torch: Any, source: str, name: object, value: Any, size: int) -> Tensor:
    """Return a tensor, checked to be a plain one and no larger than the file of `size` bytes."""
    if not isinstance(value, torch.Tensor):
        raise ExchangeError(
            f"{source!r}: {name} is a {type(value).__name__}, expected a tensor; {_ADVICE}"
        )
    plain = value.layout == torch.strided and value.device.type == "cpu" and not value.is_quantized
    if not plain or value.numel() * value.element_size() > size:
        raise ExchangeError(
            f"{source!r}: {name} is sparse, quantized or larger than the file; {_ADVICE}"
        )
    kind = str(value.dtype).removeprefix("torch.")
    bits = {"float64": 64, "float32": 32}.get(kind, 0)

    def values() -> Any:
        if not bits and kind not in ("int64", "int32"):
            raise ExchangeError(
                f"{source!r}: {name} is of type {kind}, expected integers of 32 or 64 bits"
            )
        return np.array(value.detach().numpy())

    return Tensor(Declared(str(name), kind, bits, tuple(value.shape)), values)
