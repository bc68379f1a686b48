"""Exchange: models for other programs, and models from them.

| format | file | written | read |
|---|---|---|---|
| npz | NumPy's archive | yes | yes, the notebook's own too |
| torch | a state_dict for PyTorch, in .safetensors or .pt | yes | yes |
| onnx | a graph that ONNX runtimes run | yes | no |
| c | one C file that holds and runs the model | yes | no |

One file here for each; docs/howto/exchange.md shows them in use. A model goes in and out whole:
five parameters and the vocabulary. What is read is data: nothing in a file is ever run or
unpickled.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import partial
from typing import Final

from crnn import durable
from crnn.exchange import c, npz, onnx, safetensors, torch
from crnn.exchange.parameters import ExchangeError, finite, model_of
from crnn.memory import affordable
from crnn.model import PARAMETERS, RNN

__all__ = [
    "ENDINGS",
    "FORMATS",
    "HEAD",
    "ExchangeError",
    "export",
    "from_bytes",
    "import_model",
    "recognise",
    "to_bytes",
]

ENDINGS: Final = {
    ".onnx": "onnx",
    ".pt": "torch",
    ".pth": "torch",
    ".npz": "npz",
    ".c": "c",
}
"""The format that an ending of a file's name stands for."""

FORMATS: Final = ("onnx", "torch", "npz", "c")
"""What a model can be exported to."""

HEAD: Final = 64
"""Bytes by which `recognise` knows a file."""

_NAME: Final = "model"
_SAFETENSORS: Final = ".safetensors"
_ARCHIVE: Final = b"PK"  # its beginning: NumPy's, PyTorch's


def export(
    model: RNN,
    path: str | os.PathLike[str],
    to: str | None = None,
    *,
    name: str = _NAME,
    keep: bool = False,
) -> int:
    """Write a model as a file for another program, whole or not at all.

    Parameters
    ----------
    model : RNN
        The model.
    path : str or path-like
        The file; its folder must exist.
    to : {"onnx", "torch", "npz", "c"}, optional
        The format. By default what the ending of `path` says: ``.onnx``, ``.pt`` or ``.pth``,
        ``.npz``, ``.c``. ``"torch"`` with ``.safetensors`` is a state_dict in that format.
    name : str
        C only: what all names in the file begin with, so that a program can hold several models.
    keep : bool
        Keep a file that is there as ``path + ".bak"``.

    Returns
    -------
    int
        Bytes of the file.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or the parameters hold NaN or infinity.
    ImportError
        If the format needs a package that is not installed; the message says which.
    OSError
        If the file cannot be written; one that was there is still there, whole.

    Examples
    --------
    >>> import os, tempfile, crnn, crnn.exchange
    >>> model = crnn.RNN("abc", hidden_size=4)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "m.npz")
    ...     size = crnn.exchange.export(model, path)
    ...     crnn.exchange.import_model(path)
    RNN(3 characters, hidden_size=4, dtype='float32')
    """
    shown = _path_text(path)
    format_ = _format(shown) if to is None else to
    writer = _writer(format_, _ending(shown), name)
    _check_ending(shown, format_)
    data = _made(model, writer)
    _write(shown, data, keep=keep)
    return len(data)


def import_model(path: str | os.PathLike[str], *, chars: str | None = None) -> RNN:
    """Read a model from another program's file; what kind it is, its contents say.

    Parameters
    ----------
    path : str or path-like
        An archive of `numpy.savez` with ``Wxh, Whh, Why, bh, by``, or a state_dict of a module with
        one ``nn.RNN`` and one ``nn.Linear``, saved by ``torch.save`` or by safetensors.
    chars : str, optional
        The characters in the order of their indices. Needed if the file does not hold them, as
        ``code_points`` or, in an archive, as the notebook's ``chars``.

    Returns
    -------
    RNN
        Of the type that the file's arrays have, float32 or float64.

    Raises
    ------
    OSError
        If there is no such file or it cannot be read.
    ExchangeError
        If it is no such file, is damaged, or what it holds is no model: shapes that do not fit,
        other types than float64 and float32, NaN or infinity, no characters. (A ValueError.)
    ImportError
        If it is a file of `torch.save`, and PyTorch is not installed.
    MemoryError
        If this machine cannot hold what it declares.

    Examples
    --------
    >>> import os, tempfile, numpy as np, crnn.exchange
    >>> H, V = 4, 3
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "notebook.npz")
    ...     np.savez(path, Wxh=np.zeros((H, V)), Whh=np.zeros((H, H)), Why=np.zeros((V, H)),
    ...              bh=np.zeros((H, 1)), by=np.zeros((V, 1)))
    ...     crnn.exchange.import_model(path, chars="abc")
    RNN(3 characters, hidden_size=4, dtype='float64')
    """
    source = _path_text(path)
    try:
        durable.status_of(source)
        with open(source, "rb") as file:
            recognise(file.read(HEAD), source)
            file.seek(0)
            affordable(os.fstat(file.fileno()).st_size)
            data = file.read()
    except OSError as error:
        reason = error.strerror or str(error)
        raise _with_words(error, f"{source!r} cannot be read: {reason}") from error
    return from_bytes(data, source, chars=chars)


def to_bytes(model: RNN, to: str, *, name: str = _NAME) -> bytes:
    """Return the bytes of the file that `export` would write.

    Parameters
    ----------
    model : RNN
        The model.
    to : {"onnx", "torch", "npz", "c"}
        The format; ``"torch"`` is a safetensors file.
    name : str
        As for `export`.

    Raises
    ------
    TypeError, ValueError, ImportError
        As for `export`.

    Examples
    --------
    >>> import crnn, crnn.exchange
    >>> data = crnn.exchange.to_bytes(crnn.RNN("abc", hidden_size=4), "npz")
    >>> crnn.exchange.from_bytes(data)
    RNN(3 characters, hidden_size=4, dtype='float32')
    """
    return _made(model, _writer(to, _SAFETENSORS, name))


def from_bytes(
    data: bytes | bytearray | memoryview, source: str = "data", *, chars: str | None = None
) -> RNN:
    """Return the model in the bytes of another program's file, as `import_model` reads it.

    Parameters
    ----------
    data : bytes-like
        All of the file.
    source : str
        What errors call it, such as the path it came from.
    chars : str, optional
        As for `import_model`.

    Raises
    ------
    TypeError
        If `data` is something else.
    ExchangeError, ImportError, MemoryError
        As for `import_model`.

    Examples
    --------
    See `to_bytes`.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(
            f"data is of type {type(data).__name__}, expected bytes; a file is read by import_model"
        )
    whole = bytes(data)
    recognise(whole[:HEAD], source)
    if not whole.startswith(_ARCHIVE):
        found = safetensors.read(whole, source)  # which refuses models of our own
    elif torch.is_one(whole):
        found = torch.read(whole, source)
    else:
        found = npz.read(whole, source)
    return model_of(source, found, chars)


def _format(path: str) -> str:
    """Return the format that the ending of a file's name stands for."""
    try:
        return ENDINGS[_ending(path)]
    except KeyError:
        raise ExchangeError(
            f"path is {path!r}, whose ending says no format: expected {', '.join(ENDINGS)}, or to= "
            f"one of {', '.join(FORMATS)} (--to), for .safetensors torch"
        ) from None


def _check_ending(path: str, to: str) -> None:
    """Raise an ExchangeError if the name of a file promises another format."""
    ending = _ending(path)
    promised = "torch" if ending == _SAFETENSORS else ENDINGS.get(ending, to)
    if promised != to:
        raise ExchangeError(
            f"path is {path!r}, whose ending says {promised}, but to is {to!r} (--to): change one"
        )


def _path_text(path: str | os.PathLike[str]) -> str:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path is of type {type(path).__name__}, expected a str or a path")
    return os.fsdecode(path)


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _writer(to: str, ending: str, name: str) -> Callable[[RNN], bytes]:
    """Return what makes the bytes of a file with an ending."""
    if not isinstance(to, str) or to not in FORMATS:
        raise ExchangeError(f"to is {to!r}, expected one of {', '.join(FORMATS)}")
    if name != _NAME and to != "c":
        raise ExchangeError(f"name is {name!r}, but only c has names, not {to}: leave it out")
    if to == "torch":
        if ending == _SAFETENSORS:
            return safetensors.to_bytes
        if ENDINGS.get(ending) == "torch":
            return torch.to_bytes
        raise ExchangeError(
            f"path ends in {ending!r}, expected for torch .pt, .pth or .safetensors"
        )
    writers: dict[str, Callable[[RNN], bytes]] = {
        "npz": npz.to_bytes,
        "onnx": onnx.to_bytes,
        "c": partial(c.to_bytes, name=name),
    }
    return writers[to]


def _made(model: RNN, writer: Callable[[RNN], bytes]) -> bytes:
    """Return the bytes of a model, checked to be one that predicts."""
    if not isinstance(model, RNN):
        raise TypeError(f"model is of type {type(model).__name__}, expected an RNN: crnn.load(...)")
    finite("model", {name: getattr(model, name) for name in PARAMETERS})
    return writer(model)


def recognise(head: bytes, source: str) -> None:
    """Refuse a file by its beginning, `HEAD` bytes, however large it may be.

    Raises
    ------
    ExchangeError
        If it is of no kind that `import_model` reads.

    Examples
    --------
    >>> recognise(b"PK", "model.npz")
    """
    if not head.startswith(_ARCHIVE) and not safetensors.is_one(head):
        raise ExchangeError(
            f"{source!r} is no archive of numpy.savez, no file of torch.save and no safetensors "
            "file"
        )


def _write(path: str, data: bytes, *, keep: bool) -> None:
    try:
        target = os.path.realpath(path)
        durable.replace(target, data, keep=keep)
        durable.sync_folder(os.path.dirname(target))
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno == errno.ENOENT:
            reason = f"there is no folder {os.path.dirname(target)!r}"
        raise _with_words(error, f"{path!r} cannot be written: {reason}") from error


def _with_words(error: OSError, message: str) -> OSError:
    """Return an error of the same type whose str is just the message."""
    worded = type(error)(message)
    worded.errno = error.errno
    return worded
