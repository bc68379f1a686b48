"""System calls that fail, one at a time: the file stays whole, and somebody says what happened.

A training is forked and stopped before it does anything; strace attaches to it and lets its K-th
call of one kind fail, or the K-th and all later ones, for K = 1, 2, ... until a training makes no
K-th call. All its calls count, those that read the text, too; what was hit is in strace's log.
"""

from __future__ import annotations

import collections
import functools
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from crnn import checkpoint
from survival.process import Process
from survival.trainings import BEST, FILE, OLDER, Outcome, Training, undisturbed, write_texts

FAULTS: Final = (
    ("write", "ENOSPC"),
    ("pwrite64", "ENOSPC"),
    ("fsync", "EIO"),
    ("fdatasync", "EIO"),
    ("rename", "ENOSPC"),
    ("renameat", "ENOSPC"),
    ("renameat2", "ENOSPC"),
    ("openat", "ENOSPC"),
    ("openat", "EACCES"),
    ("mmap", "ENOMEM"),
    ("close", "EIO"),
    ("unlink", "EACCES"),
    ("unlinkat", "EACCES"),
    ("flock", "ENOLCK"),
    ("chmod", "EPERM"),
)
HURTS: Final = re.compile(r"\b(p?write(64)?|fsync|fdatasync|rename(at2?)?)\(|O_CREAT")
"""Calls without which nothing is saved, in a line of strace's log."""
TRAINING: Final = Training(
    "short",
    "--hidden-size 8 --steps 60 --val-fraction 0.1 --val-every 30 --report-every 50",
    "20",
)
LONGEST: Final = 400  # characters that are shown of what a training said
FRAME: Final = re.compile("SystemError: (error return without exception set|.* returned NULL)")
"""What CPython 3.11 says when it has no room for the frame of a function: nobody can catch that."""
LARGE: Final = Training(  # whose arrays are mapped
    "large", "--hidden-size 300 --steps 12 --val-fraction 0.1 --val-every 6 --report-every 50", "4"
)
OURS: Final = re.compile(r"\.part|model\.(best\.)?safetensors")


@dataclass
class Tally:
    """What the faults came to.

    Attributes
    ----------
    injected : Counter
        How many trainings had a call of a kind that failed.
    ours : Counter
        In how many of them that was a call on the checkpoint's files.
    statuses : Counter
        Exit statuses.
    faults : list of str
        What should not have been.
    """

    injected: collections.Counter[str] = field(default_factory=collections.Counter)
    ours: collections.Counter[str] = field(default_factory=collections.Counter)
    statuses: collections.Counter[int] = field(default_factory=collections.Counter)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Injection:
    """A call that fails: the K-th, or the K-th and all that follow."""

    syscall: str
    error: str
    number: int
    persistent: bool

    def __str__(self) -> str:
        return f"{self.syscall}:{self.error}:{self.number}{'+' if self.persistent else ''}"

    def option(self) -> str:
        """Return what strace takes."""
        when = f"{self.number}{'+' if self.persistent else ''}"
        return f"inject={self.syscall}:error={self.error}:when={when}"


def inject(folder: Path, calls: list[str]) -> Tally:
    """Let calls fail in trainings; `calls` are the kinds, all of them if there are none."""
    tally = Tally()
    for syscall, error in FAULTS:
        if calls and syscall not in calls:
            continue
        training = LARGE if syscall == "mmap" else TRAINING
        whole = undisturbed(training, _fresh(folder / "whole"))[0]
        for persistent in (False, True):
            number = 1
            injected = functools.partial(Injection, syscall, error, persistent=persistent)
            while _try(injected(number=number), training, folder, whole, tally):
                number += 1
        kind = f"{syscall}:{error}"
        print(
            f"  {kind}: {tally.injected[kind]} trainings, {tally.ours[kind]} on a checkpoint",
            flush=True,
        )
    return tally


def _fresh(folder: Path) -> Path:
    """Return an empty folder."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    return folder


def _try(
    injection: Injection, training: Training, folder: Path, whole: Outcome, tally: Tally
) -> bool:
    """Run a training with a fault; tell whether the fault came to be."""
    place, log = _fresh(folder / "faulty"), folder / "strace.log"
    write_texts(place)
    with Process(training.begin(), place, stopped=True) as process:
        process.wait_stopped()
        with _traced(process, injection, log):
            status = process.wait()
        said = process.said()
    hits = [line for line in log.read_text(errors="replace").splitlines() if "(INJECTED)" in line]
    if not hits:
        return False
    kind = f"{injection.syscall}:{injection.error}"
    tally.injected[kind] += 1
    tally.ours[kind] += any(OURS.search(hit) for hit in hits)
    tally.statuses[status] += 1
    for fault in _judged(injection, place, status, said, hits, whole):
        tally.faults.append(
            f"{injection}: {fault} | status {status}, {hits[0]} | {said.strip()[-LONGEST:]}"
        )
    return True


def _traced(process: Process, injection: Injection, log: Path) -> subprocess.Popen[str]:
    """Attach strace to a stopped process and let both go on; strace ends with the process."""
    words = ["strace", "-f", "-qq", "-y", "-s", "0", "-o", str(log), "-p", str(process.pid)]
    words += ["-e", f"trace={injection.syscall}", "-e", injection.option()]
    tracer = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    while not re.search(r"TracerPid:\t[1-9]", Path(f"/proc/{process.pid}/status").read_text()):
        if tracer.poll() is not None:
            raise RuntimeError(f"strace: {tracer.communicate()[1]}")
        time.sleep(0.001)
    process.send(signal.SIGCONT)
    return tracer


def _judged(
    injection: Injection, place: Path, status: int, said: str, hits: list[str], whole: Outcome
) -> list[str]:
    """Return what is wrong with how a training ended."""
    outcome, faults = Outcome.of(place), []
    mute = any("2</memfd:err" in hit for hit in hits)
    if status not in (0, 1):
        faults.append("neither 0 nor 1")
    if "Traceback" in said and not FRAME.search(said):
        faults.append("a traceback")
    if status == 1 and not FRAME.search(said) and "Error: " not in said and not mute:
        faults.append("an error that nobody told")
    if status == 0 and (outcome.file, outcome.best) != (whole.file, whole.best):
        faults.append("status 0 without the right files")
    hurt = any(OURS.search(hit) and HURTS.search(hit) for hit in hits)
    if hurt and not re.search("Warning: |Error: ", said) and not mute:
        faults.append("nothing was said")
    if any(name.endswith(".part") for name in outcome.names) and "unlink" not in injection.syscall:
        faults.append(f"left behind: {outcome.names}")
    return faults + [fault for name in (FILE, BEST) if (fault := _damage(place / name))]


def _damage(path: Path) -> str:
    """Return what is wrong with a file that is neither the older one nor a checkpoint."""
    if not path.exists() or path.read_bytes() == OLDER:
        return ""
    try:
        checkpoint.read(path)
    except ValueError as error:
        return str(error)
    return ""
