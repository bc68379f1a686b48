"""Durable replacing: writers do not disturb each other, and dead ones leave nothing for long."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crnn import durable

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")
TOKEN = "0123456789abcdef"

# A process that says so when it stands in the middle of writing, and then waits to be killed.
STUCK = """
import os, sys, time
from crnn import durable
step, target, keep = sys.argv[1], sys.argv[2], sys.argv[3] == "keep"
def stuck(*arguments):
    print("writing", flush=True)
    time.sleep(600)
setattr(os, step, stuck)
durable.replace(target, b"of the stuck one", keep=keep)
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"the old file")
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def stuck_writer(path: Path, step: str, keep: str = "") -> subprocess.Popen[str]:
    words = [sys.executable, "-c", STUCK, step, str(path), keep]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    return process


@posix
@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("keep", ["", "keep"])
def test_what_a_live_writer_has_stays_and_what_a_dead_one_had_goes(
    old: Path, step: str, keep: str
) -> None:
    with stuck_writer(old, step, keep) as process:
        (temporary,) = (name for name in names_in(old.parent) if name.endswith(".part"))
        durable.replace(str(old), b"new")
        durable.probe(str(old), keep=True)
        durable.clear(str(old))
        assert names_in(old.parent) == [temporary, old.name]
        process.send_signal(signal.SIGKILL)
    durable.replace(str(old), b"newer")
    assert names_in(old.parent) == [old.name]
    assert old.read_bytes() == b"newer"


def test_a_failed_writer_clears_nothing_but_its_own(old: Path) -> None:
    others = [
        f".m.safetensors.{TOKEN}",
        f".m.safetensors.{TOKEN}.part2",
        f".m.safetensors.{TOKEN[:-1]}.part",
        f".m.safetensors.{TOKEN.upper()}.part",
        f".m.safetensors2.{TOKEN}.part",
        f".mXsafetensors.{TOKEN}.part",
        f".m.best.safetensors.{TOKEN}.part",
        f"m.safetensors.{TOKEN}.part",
    ]
    ours = [f".m.safetensors.{TOKEN}.part", f".m.safetensors.bak.{TOKEN}.part"]
    for name in others + ours:
        (old.parent / name).write_bytes(b"")
    (old.parent / f".m.safetensors.{TOKEN[::-1]}.part").mkdir()
    durable.clear(str(old))
    assert names_in(old.parent) == sorted([*others, old.name, f".m.safetensors.{TOKEN[::-1]}.part"])


@posix
def test_a_link_in_place_of_a_temporary_file_is_not_followed(old: Path) -> None:
    link = old.parent / f".m.safetensors.{TOKEN}.part"
    link.symlink_to(old)
    durable.clear(str(old))
    assert link.is_symlink()
    assert old.read_bytes() == b"the old file"


def test_clearing_where_there_is_no_folder_is_nothing(tmp_path: Path) -> None:
    durable.clear(str(tmp_path / "no" / "m"))
    assert names_in(tmp_path) == []


@posix
def test_between_being_made_and_being_locked_a_file_may_be_removed(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    flock = fcntl.flock
    taken: list[int] = []

    def late(descriptor: int, how: int) -> None:
        if not taken:
            taken.append(descriptor)
            durable.clear(str(old))  # locks, for what it does is not what is late
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    durable.replace(str(old), b"new")
    assert taken
    assert old.read_bytes() == b"new"
    assert names_in(old.parent) == [old.name]


@posix
def test_who_always_loses_the_file_says_so(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def held(descriptor: int, how: int) -> None:
        for name in names_in(old.parent):
            if name.endswith(".part"):
                (old.parent / name).unlink()
        raise BlockingIOError(errno.EWOULDBLOCK, "held")

    monkeypatch.setattr(fcntl, "flock", held)
    with pytest.raises(FileNotFoundError, match="another process removes what is being written"):
        durable.replace(str(old), b"new")
    assert old.read_bytes() == b"the old file"


@posix
def test_where_there_are_no_locks_nothing_is_cleared(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def unknown(descriptor: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unknown)
    left = old.parent / f".m.safetensors.{TOKEN}.part"
    left.write_bytes(b"")
    durable.replace(str(old), b"new")
    assert old.read_bytes() == b"new"
    assert names_in(old.parent) == [left.name, old.name]


@posix
def test_many_writers_of_one_file_do_not_disturb_each_other(old: Path) -> None:
    failures: list[BaseException] = []

    def write(letter: bytes) -> None:
        try:
            for _ in range(40):
                durable.replace(str(old), 5000 * letter, keep=True)
        except BaseException as error:  # shown below, in the thread that can fail the test
            failures.append(error)

    old.write_bytes(5000 * b"a")
    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        data = old.read_bytes()
        assert data == 5000 * data[:1]
    for thread in threads:
        thread.join()
    assert failures == []
    assert names_in(old.parent) == [old.name, old.name + ".bak"]


@posix
def test_a_private_file_is_private_while_it_is_written(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync
    modes: list[int] = []

    def look(descriptor: int) -> None:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    os.chmod(old, 0o600)
    durable.replace(str(old), b"new", keep=True)
    assert modes[0] == modes[2] == 0o600  # the copy, its folder, the file
    assert stat.S_IMODE(old.with_name("m.safetensors.bak").stat().st_mode) == 0o600


@posix
def test_the_copy_is_on_the_disk_before_the_old_file_loses_its_name(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def renamed(source: str, target: str) -> None:
        calls.append(os.path.basename(target))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    durable.replace(str(old), b"new", keep=True)
    assert calls == ["file", "m.safetensors.bak", "folder", "file", "m.safetensors"]


def test_a_copy_has_the_time_of_the_file(old: Path) -> None:
    os.utime(old, (10**9, 10**9))
    durable.replace(str(old), b"new", keep=True)
    assert old.with_name("m.safetensors.bak").stat().st_mtime == 10**9


class Slow:
    """A file that takes seven bytes at a time."""

    def __init__(self) -> None:
        self.taken = b""

    def write(self, data: Any) -> int:
        self.taken += bytes(data[:7])
        return len(data[:7])


def test_a_file_that_takes_parts_gets_all() -> None:
    slow: Any = Slow()
    durable._write_all(slow, bytes(range(100)))
    assert slow.taken == bytes(range(100))


def test_a_large_file_is_copied_by_pieces(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, "_PIECE", 5)
    pieces: Iterator[bytes] = durable._pieces(str(old))
    assert list(pieces) == [b"the o", b"ld fi", b"le"]
