"""Durable replacing: whatever happens, a file is the old one or the new one, whole.

The new bytes go to a *temporary file* beside the file, to the disk, and then take its name in one
step. A writer that is killed leaves its temporary file, which the next writer of the same file
removes; it must not remove one that somebody is writing at that moment. Two things tell them apart:

* the name, ``.NAME.0123456789abcdef.part`` (or ``.NAME.bak.…``), which nothing else has;
* a lock, which a writer holds until its file has its name, and which the system lets go when the
  writer dies, however that happens. A number of a process would not do: it is given again, and
  means nothing on another machine.

On POSIX the lock is ``flock``. It belongs to the opened file, so it also keeps two threads of one
process apart (those of ``fcntl.lockf`` do not). Until it is locked, a file that was just made looks
abandoned; so a writer looks, once it has the lock, whether the name is still that of its file.
Where a file system knows no locks nothing is removed. On Windows an open file cannot be removed at
all; that is the lock, and for the instant between closing and renaming there is none: who loses a
file there writes it again.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Final

if sys.platform != "win32":
    import fcntl

__all__ = ["backup_of", "clear", "created", "probe", "replace", "status_of", "sync_folder"]

_ATTEMPTS: Final = 5  # of a writer whose temporary file another one takes for abandoned
_TAKEN: Final = "another process removes what is being written"
_PIECE: Final = 1 << 20  # bytes copied at a time
_NO_FOLDER_SYNC: Final = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM}


class _LostError(Exception):
    """Another writer took a temporary file for abandoned."""


def replace(target: str, data: bytes, *, keep: bool = False) -> None:
    """Give a file new contents, all or nothing.

    The permissions of a file that is there are those of the new one. What killed writers of the
    same file left is removed first: it may be what fills the disk.

    Parameters
    ----------
    target : str
        The file; a symbolic link would be replaced, see `os.path.realpath`.
    data : bytes
        All of its new contents.
    keep : bool, optional
        Copy a file that is there to `backup_of` it, in place of an older copy.

    Raises
    ------
    OSError
        Why it cannot be written; `target` is as it was.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "m")
    ...     replace(path, b"old")
    ...     replace(path, b"new", keep=True)
    ...     sorted(os.listdir(folder)), os.path.getsize(backup_of(path))
    (['m', 'm.bak'], 3)
    """
    mode = _mode_of(target)
    clear(target)
    if keep and mode is not None:
        _keep_copy(target, backup_of(target))
    _put(target, mode, lambda: [data])


@contextlib.contextmanager
def created(target: str) -> Iterator[BinaryIO]:
    """Lend a file that takes a name where the block ends, whole, or vanishes with an error.

    As `replace` for what is written piece by piece: what it holds is on the disk before it has the
    name, and the permissions of a file that is there are those of the new one.

    Parameters
    ----------
    target : str
        The file; a symbolic link would be replaced, see `os.path.realpath`.

    Raises
    ------
    OSError
        Why it cannot be written; `target` is as it was.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with created(os.path.join(folder, "m")) as file:
    ...         before, _ = os.listdir(folder) == ["m"], file.write(b"new")
    ...     before, os.listdir(folder)
    (False, ['m'])
    """
    mode = _mode_of(target)
    clear(target)
    with _temporary(target, mode) as (file, temporary):
        yield file
        if mode is not None:
            os.chmod(temporary, mode)
        os.fsync(file.fileno())
        try:
            _rename(file, temporary, target)
        except _LostError as error:
            raise FileNotFoundError(errno.ENOENT, _TAKEN) from error


def probe(target: str, *, keep: bool = False) -> None:
    """Make the temporary files that `replace` would make, and remove them and abandoned ones.

    Parameters
    ----------
    target, keep : str, bool
        As for `replace`.

    Raises
    ------
    OSError
        What `replace` would raise, as far as that shows beforehand.
    """
    mode = _mode_of(target)
    clear(target)
    names = [target, backup_of(target)] if keep and mode is not None else [target]
    for name in names:
        with _temporary(name, mode):
            pass


def clear(target: str) -> None:
    """Remove the temporary files of `target` and of its backup whose writers are dead.

    What cannot be removed now stays for another time: it is no reason not to write.

    Parameters
    ----------
    target : str
        The file that they were to become; its folder need not exist.
    """
    folder, name = os.path.split(target)
    ours = re.compile(rf"\.{re.escape(name)}(\.bak)?\.[0-9a-f]{{16}}\.part")
    try:
        names = [entry for entry in os.listdir(folder or os.curdir) if ours.fullmatch(entry)]
    except OSError:
        return
    for entry in names:
        with contextlib.suppress(OSError):  # its writer lives, or another process removed it
            _remove_abandoned(os.path.join(folder, entry))


def backup_of(target: str) -> str:
    """Return the name under which a file that is replaced is kept.

    Raises
    ------
    IsADirectoryError
        If a folder has that name.

    Examples
    --------
    >>> backup_of("m.safetensors")
    'm.safetensors.bak'
    """
    backup = target + ".bak"
    if os.path.isdir(backup) and not os.path.islink(backup):
        why = f"the file there has to be kept as {backup!r}, which is a folder"
        raise IsADirectoryError(errno.EISDIR, why)
    return backup


def status_of(path: str) -> os.stat_result:
    """Return the status of a file, refusing what is no file.

    Raises
    ------
    OSError
        If there is none, or it is a folder, a device or a pipe.
    """
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is a device or a pipe, not a file")
    return status


def sync_folder(folder: str) -> None:
    """Put the names in a folder on the disk too, where the system can do that.

    Raises
    ------
    OSError
        If the disk fails: names that were given last may not survive a power cut.
    """
    if os.name == "nt":  # folders cannot be opened there
        return
    descriptor = -1
    try:
        descriptor = os.open(folder or os.curdir, os.O_RDONLY)
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        if descriptor >= 0:
            _close_quietly(descriptor)


def _mode_of(target: str) -> int | None:
    """Return the permissions of the file to be replaced, None if there is none."""
    try:
        status = status_of(target)
    except FileNotFoundError:
        return None
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is read-only")
    return stat.S_IMODE(status.st_mode)


def _keep_copy(target: str, backup: str) -> None:
    """Copy the old file, and see the copy on the disk before the old one loses its name."""
    _put(backup, _mode_of(target), lambda: _pieces(target), like=target)
    sync_folder(os.path.dirname(backup))


def _pieces(path: str) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _put(
    target: str,
    mode: int | None,
    contents: Callable[[], Iterable[bytes]],
    *,
    like: str | None = None,
) -> None:
    """Put contents on the disk under a temporary name, then let them take the name `target`."""
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(_LostError), _temporary(target, mode) as (file, temporary):
            for piece in contents():
                _write_all(file, piece)
            if mode is not None:
                os.chmod(temporary, mode)
            if like is not None:
                shutil.copystat(like, temporary)
            os.fsync(file.fileno())
            _rename(file, temporary, target)
            return
    raise FileNotFoundError(errno.ENOENT, _TAKEN)


def _write_all(file: BinaryIO, data: bytes) -> None:
    """Write to a file without a buffer, which may take a part at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _rename(file: BinaryIO, temporary: str, target: str) -> None:
    if sys.platform != "win32":
        os.replace(temporary, target)  # still locked
        return
    file.close()  # an open file has to keep its name there
    try:
        os.replace(temporary, target)
    except FileNotFoundError as error:
        raise _LostError from error


@contextlib.contextmanager
def _temporary(target: str, mode: int | None) -> Iterator[tuple[BinaryIO, str]]:
    """Lend a new file beside `target`, locked, and its name; under that name nothing remains."""
    file, name = _created(target, mode)
    try:
        yield file, name
    finally:
        _close_quietly(file)
        with contextlib.suppress(OSError):  # most often it has another name by now
            os.unlink(name)


def _created(target: str, mode: int | None) -> tuple[BinaryIO, str]:
    """Return a new file beside `target`, locked, and its name; nobody reads it who may not."""
    folder, name = os.path.split(target)

    def opened(path: str, flags: int) -> int:
        return os.open(path, flags, 0o666 if mode is None else mode)

    for _ in range(_ATTEMPTS):
        temporary = os.path.join(folder, f".{name}.{secrets.token_hex(8)}.part")
        file: BinaryIO = open(temporary, "xb", buffering=0, opener=opened)  # noqa: SIM115 - lent
        if _is_kept(file, temporary):
            return file, temporary
        file.close()
    raise FileNotFoundError(errno.ENOENT, _TAKEN)


def _is_kept(file: BinaryIO, name: str) -> bool:
    """Lock a new file and tell whether it is still there, and will be."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False  # somebody is about to remove it
    except OSError:
        return True  # no locks there: nobody else gets one either
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(name))
    except FileNotFoundError:
        return False


def _remove_abandoned(name: str) -> None:
    """Remove a temporary file; an OSError if its writer lives."""
    if sys.platform == "win32":
        os.unlink(name)
        return
    descriptor = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(name)
    finally:
        _close_quietly(descriptor)


def _close_quietly(file: BinaryIO | int) -> None:
    """Close what has been synchronised, or is given up: an error would say nothing new."""
    with contextlib.suppress(OSError):
        if isinstance(file, int):
            os.close(file)
        else:
            file.close()
