r"""One safe file: arrays and a JSON header under a checksum.

The file is an ordinary safetensors file. Its metadata has the single key ``crnn``, whose value is
the *envelope*, a JSON object written as text::

    bytes 0..7      N, little-endian
    bytes 8..8+N    {"__metadata__":{"crnn":"{\"contract\":\"crnn-1\",\"format\":1,\"header\":{...},
                     \"program\":\"crnn\",\"sha256\":\"64 hex digits\",\"version\":\"0.1.0\"}"},
                     "Whh":{"dtype":"F32","shape":[100,100],"data_offsets":[0,40000]},...}
    bytes 8+N..     the arrays, little-endian, C order

The SHA-256 is of every byte of the file, its own 64 digits taken as ``0``. It is found and
verified before anything is parsed. It detects damage, not forgery: whoever can write the file can
seal it anew, so what is read is plain data and nothing in it is ever run or unpickled.

This module does not know what the arrays and the header mean; how a file is replaced without ever
being half a file is in `crnn.durable`.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import safetensors

from crnn import durable
from crnn.probe import Mode

__all__ = [
    "CONTRACT",
    "FORMAT",
    "CheckpointError",
    "Contents",
    "begins_like_one",
    "from_bytes",
    "parse",
    "probe",
    "read",
    "read_contents",
    "to_bytes",
    "write",
    "write_bytes",
]

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
Tensors: TypeAlias = dict[str, npt.NDArray[Any]]

FORMAT: Final = 1
"""Number of the file layout that this module writes, the newest that it reads."""
CONTRACT: Final = "crnn-1"
"""Name of the arithmetic that continues a checkpoint bit for bit."""

_PROGRAM = "crnn"
_NO_DIGEST = "0" * 64
_LONGEST_HEADER = 100_000_000  # of any safetensors file

_deserialize: Callable[[bytes], Any] = safetensors.deserialize  # its stub has no types

# The digits' place. JSON text inside JSON text: the envelope's own quotes are written \" in the
# file, and a quote inside one of its strings \\\", so no string of the header looks like this. A
# header may hold an object with the keys sha256 and version; but the pattern ends with }"} where
# the quote has no backslash. Such a quote begins or ends a string of the outer JSON, and of those
# only the one that closes the envelope has } on both sides (a tensor's name has : after it, a
# dtype a comma). So every file has exactly one match, whatever the header and the names say.
# `version` sorts last in every format, so that a newer format can be recognised as such.
_SEAL = re.compile(rb'\\"sha256\\":\\"([0-9a-f]{64})\\",\\"version\\":\\"[^"\\]*\\"}"}')
_OPENING = b'{"__metadata__":{"crnn":"{\\"'

_DTYPES = {"F32": "<f4", "F64": "<f8", "I32": "<i4", "I64": "<i8", "U32": "<u4", "U8": "|u1"}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_ORDER = {
    _DTYPES[name]: place for place, name in enumerate(("I64", "F64", "F32", "U32", "I32", "U8"))
}

_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


class CheckpointError(ValueError):
    """A file that is not a checkpoint this version can read, or is damaged."""


@dataclass(frozen=True)
class Contents:
    """All of a checkpoint, and who wrote it.

    Attributes
    ----------
    tensors : dict of str to array
        Fresh writable arrays with the shapes and types that were written.
    header : dict
        Equal to the one that was written.
    size : int
        Bytes of the file.
    sha256 : str
        Its checksum, which is right.
    version, contract : str
        Of the crnn that wrote it.
    format : int
        Of its layout.
    """

    tensors: Tensors
    header: dict[str, JSON]
    size: int
    sha256: str
    version: str
    contract: str
    format: int


def write(
    path: str | os.PathLike[str],
    tensors: Mapping[str, npt.NDArray[Any]],
    header: Mapping[str, JSON],
    *,
    keep: bool = False,
) -> None:
    """Write a checkpoint; whatever happens, `path` holds the old file or the new one, whole.

    See `crnn.durable` for how. A symbolic link is followed and stays.

    Parameters
    ----------
    path : str or path-like
        The file; its folder must exist.
    tensors : mapping of str to array
        As for `to_bytes`.
    header : mapping
        As for `to_bytes`.
    keep : bool, optional
        Keep the file that is there as ``path + ".bak"`` (beside the real file, if `path` is a
        link), in place of an older one.

    Raises
    ------
    TypeError, ValueError
        `tensors` or `header` hold what a checkpoint cannot; see `to_bytes`.
    OSError
        The file cannot be written: no such folder, not allowed, disk full... The type is that of
        the cause. Nothing at `path` has changed, unless the message says so.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "m.safetensors")
    ...     write(path, {"bh": np.zeros((2, 1))}, {"step": 7})
    ...     tensors, header = read(path)
    >>> tensors["bh"].shape, header
    ((2, 1), {'step': 7})
    """
    _path_text(path)
    write_bytes(path, to_bytes(tensors, header), keep=keep)


def write_bytes(path: str | os.PathLike[str], data: bytes, *, keep: bool = False) -> None:
    """Write the bytes of a checkpoint as `write` does.

    Parameters
    ----------
    path : str or path-like
        The file; its folder must exist.
    data : bytes
        What `to_bytes` returned.
    keep : bool, optional
        As for `write`.

    Raises
    ------
    OSError
        As for `write`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "m.safetensors")
    ...     write_bytes(path, to_bytes({}, {"step": 7}))
    ...     read(path)
    ({}, {'step': 7})
    """
    shown = _path_text(path)
    try:
        target = os.path.realpath(shown)
        durable.replace(target, data, keep=keep)
    except OSError as error:
        raise _unwritable(error, shown) from error
    try:
        durable.sync_folder(os.path.dirname(target))
    except OSError as error:
        message = (
            f"checkpoint {shown!r} was written, but the disk reports {error.strerror or error}; "
            "it may not survive a power cut: check the disk and save again"
        )
        raise _reworded(error, message) from error


def probe(path: str | os.PathLike[str], *, keep: bool = False) -> None:
    """Find out whether `write` could write a checkpoint, as far as that shows before it does.

    The temporary files that `write` would need are made and removed, and so are those that killed
    processes left; `path` is left as it is.

    Parameters
    ----------
    path : str or path-like
        The file.
    keep : bool, optional
        As for `write`.

    Raises
    ------
    OSError
        What `write` would raise.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     probe(os.path.join(folder, "m.safetensors"))
    ...     os.listdir(folder)
    []
    """
    shown = _path_text(path)
    try:
        durable.probe(os.path.realpath(shown), keep=keep)
    except OSError as error:
        raise _unwritable(error, shown) from error


def read(path: str | os.PathLike[str]) -> tuple[Tensors, dict[str, JSON]]:
    """Read a checkpoint that `write` wrote.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    tensors : dict of str to array
        Fresh writable arrays with the shapes and types that were written.
    header : dict
        Equal to the one that was written.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError, OSError
        There is no such file, it is a folder, or it cannot be read.
    CheckpointError
        The file is damaged, another program's, or of a version that this one does not know.

    Examples
    --------
    >>> read("no-such.safetensors")
    Traceback (most recent call last):
        ...
    FileNotFoundError: there is no checkpoint 'no-such.safetensors'; check its name and the \
current folder
    """
    contents = read_contents(path)
    return contents.tensors, contents.header


def read_contents(path: str | os.PathLike[str]) -> Contents:
    """Read a checkpoint and who wrote it, all of the same moment.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    Contents

    Raises
    ------
    OSError, CheckpointError
        As for `read`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "m.safetensors")
    ...     write(path, {}, {})
    ...     read_contents(path).contract
    'crnn-1'
    """
    shown = _path_text(path)
    return parse(_read_bytes(shown), shown)


def begins_like_one(data: bytes) -> bool:
    """Tell whether a file that begins with some bytes, 64 or more, was meant to be a checkpoint.

    Examples
    --------
    >>> begins_like_one(to_bytes({}, {})[:64]), begins_like_one(b"to be, or not to be")
    (True, False)
    """
    return data.startswith(_OPENING, 8)


def to_bytes(tensors: Mapping[str, npt.NDArray[Any]], header: Mapping[str, JSON]) -> bytes:
    """Return the bytes of a checkpoint, the same for the same input.

    Parameters
    ----------
    tensors : mapping of str to array
        Arrays of float32, float64, int32, int64, uint32 or uint8, of any shape, order and byte
        order; NaN and infinity are kept.
    header : mapping
        What JSON can hold and give back unchanged; no NaN or infinity, no tuples.

    Returns
    -------
    bytes

    Raises
    ------
    TypeError
        `tensors` has a value that is not an array, or one of another type; `header` is no mapping
        or holds what JSON cannot.
    ValueError
        `header` would not come back equal; a name in `tensors` cannot be used.

    Examples
    --------
    >>> data = to_bytes({"by": np.ones(3, dtype=np.float32)}, {"chars": 3})
    >>> from_bytes(data)
    ({'by': array([1., 1., 1.], dtype=float32)}, {'chars': 3})
    """
    with Mode():  # JSON's numbers are the same ones whatever mode the caller is in
        return _sealed(tensors, header)


def _sealed(tensors: Mapping[str, npt.NDArray[Any]], header: Mapping[str, JSON]) -> bytes:
    from crnn.version import __version__

    arrays = {_tensor_name(name): _plain_array(name, array) for name, array in tensors.items()}
    envelope = {
        "contract": CONTRACT,
        "format": FORMAT,
        "header": _checked_header(header),
        "program": _PROGRAM,
        "sha256": _NO_DIGEST,
        "version": __version__,
    }
    text = json.dumps(envelope, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    data = _laid_out(arrays, text)
    start, end = _find_digits(data, len(data), "the new checkpoint")
    data[start:end] = hashlib.sha256(data).hexdigest().encode()
    return bytes(data)


def _laid_out(arrays: Tensors, text: str) -> bytearray:
    """Return the bytes that the writer of safetensors would return.

    That one ends the process if there is no memory left, where a training has to go on.
    """
    names = sorted(arrays, key=lambda name: (_ORDER[arrays[name].dtype.str], name))
    entries: dict[str, JSON] = {"__metadata__": {_PROGRAM: text}}
    end = 0
    for name in names:
        begin, end = end, end + arrays[name].nbytes
        entries[name] = {
            "dtype": _NAMES[arrays[name].dtype.str],
            "shape": list(arrays[name].shape),
            "data_offsets": [begin, end],
        }
    header = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    place = 8 + len(header)
    data = bytearray(place + end)
    data[:place] = len(header).to_bytes(8, "little") + header
    for name in names:
        data[place : place + arrays[name].nbytes] = arrays[name].tobytes()
        place += arrays[name].nbytes
    return data


def from_bytes(data: bytes, source: str = "data") -> tuple[Tensors, dict[str, JSON]]:
    """Return what `to_bytes` was given.

    Parameters
    ----------
    data : bytes
        A whole checkpoint.
    source : str, optional
        What errors call it, such as the path it came from.

    Returns
    -------
    tensors : dict of str to array
        Fresh writable arrays.
    header : dict

    Raises
    ------
    CheckpointError
        As for `read`.

    Examples
    --------
    >>> from_bytes(b"no checkpoint at all")
    Traceback (most recent call last):
        ...
    crnn.checkpoint.CheckpointError: 'data' is not a crnn checkpoint: it is not a safetensors \
file; expected a file saved by crnn
    """
    contents = parse(data, source)
    return contents.tensors, contents.header


def parse(data: bytes, source: str = "data") -> Contents:
    """Return what is in the bytes of a checkpoint and who wrote it, verified and checked.

    Parameters
    ----------
    data, source : bytes, str
        As for `from_bytes`.

    Raises
    ------
    CheckpointError
        As for `read`.

    Examples
    --------
    >>> parse(to_bytes({}, {"step": 7})).header
    {'step': 7}
    """
    with Mode():
        envelope = _open_envelope(data, source)
    if envelope["format"] != FORMAT or envelope["contract"] != CONTRACT:
        from crnn.version import __version__

        raise CheckpointError(
            f"{source!r} was written by crnn {envelope['version']} in format "
            f"{envelope['format']} under the contract {envelope['contract']!r}; this version, "
            f"crnn {__version__}, reads format {FORMAT} and {CONTRACT!r}: "
            "use the version that wrote it, or a newer one"
        )
    try:
        records: list[tuple[str, dict[str, Any]]] = _deserialize(data)
        tensors = {name: _native_array(record) for name, record in records}
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        raise _malformed(source, error) from error
    return Contents(
        tensors=tensors,
        header=envelope["header"],
        size=len(data),
        sha256=envelope["sha256"],
        version=envelope["version"],
        contract=envelope["contract"],
        format=envelope["format"],
    )


def _tensor_name(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"tensors has the key {name!r}, expected names of type str")
    if name == "__metadata__" or not name.isprintable():
        raise ValueError(
            f"tensors has the key {name!r}, expected printable characters "
            "and not '__metadata__', which safetensors keeps for itself"
        )
    return name


def _plain_array(name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the array in C order and little-endian, the only form safetensors saves right."""
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
        raise TypeError(
            f"tensors[{name!r}] is a {type(array).__name__}, expected a plain numpy array"
        )
    dtype = array.dtype.newbyteorder("<")
    if dtype.str not in _DTYPES.values():
        raise TypeError(
            f"tensors[{name!r}] is of type {array.dtype}, expected float32, float64, int32, "
            "int64, uint32 or uint8; convert it with .astype(...)"
        )
    return np.asarray(array, dtype=dtype, order="C")


def _native_array(record: dict[str, Any]) -> npt.NDArray[Any]:
    """Return one tensor of ``safetensors.deserialize`` as a writable array of its own."""
    dtype = np.dtype(_DTYPES[record["dtype"]])
    array = np.frombuffer(record["data"], dtype=dtype).reshape(record["shape"])
    return array.astype(dtype.newbyteorder("="))


def _checked_header(header: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return the header as a dict that is known to come back equal from JSON."""
    if not isinstance(header, Mapping):
        raise TypeError(f"header is a {type(header).__name__}, expected a dict")
    plain = dict(header)
    try:
        again = json.loads(json.dumps(plain, sort_keys=True, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"header cannot be written as JSON: {error}; "
            "expected None, bool, int, finite float, str, list and dict only"
        ) from error
    for key, value in plain.items():
        if key not in again or again[key] != value:
            raise ValueError(
                f"header[{key!r}] is {value!r}, which JSON does not give back unchanged; use str "
                "keys, lists in place of tuples, and text without surrogates"
            )
    return plain


def _find_digits(data: bytes | bytearray, size: int, source: str) -> tuple[int, int]:
    """Return where the digest's 64 digits begin and end; nothing is parsed for that.

    Of the file's `size` bytes, `data` needs to hold the safetensors header only.
    """
    length = int.from_bytes(data[:8], "little")
    if size < 8 or length > min(size - 8, _LONGEST_HEADER):
        if size < 8 or data.startswith(_OPENING, 8):
            raise CheckpointError(
                f"{source!r} is cut short or damaged: it has {size} bytes, expected at least "
                f"{length + 8 if size >= 8 else 8}; copy or save it again"
            )
        raise _foreign(source, "it is not a safetensors file")
    found = list(_SEAL.finditer(data, 8, 8 + length))
    if len(found) == 1:
        return found[0].span(1)
    if data.startswith(_OPENING, 8):
        raise CheckpointError(
            f"{source!r} is damaged: its header has no legible checksum; restore it from a copy"
        )
    if data[8:9] == b"{":
        raise _foreign(source, "if it is a safetensors file, another program wrote it")
    raise _foreign(source, "it is not a safetensors file")


def _foreign(source: str, why: str) -> CheckpointError:
    return CheckpointError(
        f"{source!r} is not a crnn checkpoint: {why}; expected a file saved by crnn"
    )


def _malformed(source: str, why: object) -> CheckpointError:
    return CheckpointError(
        f"{source!r} has a right checksum but is not laid out as crnn does it ({why}); "
        "expected a file saved by crnn"
    )


def _open_envelope(data: bytes, source: str) -> dict[str, Any]:
    """Verify the checksum, then parse and check the envelope."""
    start, end = _find_digits(data, len(data), source)
    whole = memoryview(data)
    digest = hashlib.sha256(whole[:start])
    digest.update(_NO_DIGEST.encode())
    digest.update(whole[end:])
    if digest.hexdigest().encode() != data[start:end]:
        raise CheckpointError(
            f"{source!r} is damaged or cut short: its checksum is {digest.hexdigest()[:12]}..., "
            f"expected {data[start : start + 12].decode()}...; restore it from a copy"
        )
    length = int.from_bytes(data[:8], "little")
    try:
        envelope = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][_PROGRAM])
        well_formed = (
            envelope["program"] == _PROGRAM
            and isinstance(envelope["format"], int)
            and isinstance(envelope["contract"], str)
            and isinstance(envelope["version"], str)
            and isinstance(envelope["header"], dict)
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _malformed(source, error) from error
    if not well_formed:
        raise _malformed(source, "its envelope has other fields")
    result: dict[str, Any] = envelope
    return result


def _path_text(path: str | os.PathLike[str]) -> str:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path is a {type(path).__name__}, expected a str or pathlib.Path")
    text = os.fspath(path)
    if not text or "\0" in text:
        raise ValueError(f"path is {text!r}, expected a file's name")
    return text


def _read_bytes(shown: str) -> bytes:
    """Return the bytes of a file; an OSError keeps its type and says what to do."""
    try:
        durable.status_of(shown)
        with open(shown, "rb") as file:
            _look(file, shown)
            return file.read()
    except FileNotFoundError as error:
        message = f"there is no checkpoint {shown!r}; check its name and the current folder"
        raise _reworded(error, message) from error
    except IsADirectoryError as error:
        message = f"{shown!r} is a folder, expected a checkpoint; name a file inside it"
        raise _reworded(error, message) from error
    except OSError as error:
        advice = "check its permissions" if error.errno in _FORBIDDEN else "name another file"
        message = f"checkpoint {shown!r} cannot be read: {_because(error)}; {advice}"
        raise _reworded(error, message) from error


def _look(file: BinaryIO, shown: str) -> None:
    """Refuse a file by its beginning if that is not ours, however large the file may be."""
    size = os.fstat(file.fileno()).st_size
    head = file.read(8 + len(_OPENING))
    length = int.from_bytes(head[:8], "little")
    if len(_OPENING) < length <= min(size - 8, _LONGEST_HEADER):
        head += file.read(length - len(_OPENING))
    _find_digits(head, size, shown)
    file.seek(0)


def _unwritable(error: OSError, shown: str) -> OSError:
    """Return the same error with words for whoever asked for the checkpoint."""
    try:
        folder = os.path.dirname(os.path.realpath(shown))
    except OSError:  # the current folder itself was removed
        folder = os.curdir
    if error.errno in _FULL:
        why = "the disk is full; make room or choose another place"
    elif error.errno in _FORBIDDEN:
        why = f"{_because(error)}; check the permissions in {folder!r} or choose another place"
    elif not os.path.isdir(folder):
        why = f"there is no folder {folder!r}; create it or choose another place"
    elif error.errno == errno.ENAMETOOLONG:
        why = f"{_because(error)} with what is added to it on the way; choose a shorter name"
    else:
        why = f"{_because(error)}; choose another place"
    return _reworded(
        error, f"checkpoint {shown!r} cannot be written, nothing there was changed: {why}"
    )


def _because(error: OSError) -> str:
    return error.strerror or str(error)


def _reworded(error: OSError, message: str) -> OSError:
    """Return an error of the same type and errno whose str is just `message`."""
    reworded = type(error)(message)
    reworded.errno = error.errno
    return reworded
