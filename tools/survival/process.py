"""The command line in a process that is forked from this one, where importing has been done."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from crnn.cli import main

LONGEST: Final = 10.0  # seconds that any of these commands may take


class Process:
    """A command that runs in a folder; ended and reaped when the block is left.

    Parameters
    ----------
    words : sequence of str
        The command line.
    folder : Path
        Where it runs.
    stopped : bool
        Stop before anything is done, until SIGCONT: for somebody who wants to trace it.
    """

    def __init__(self, words: Sequence[str], folder: Path, *, stopped: bool = False) -> None:
        self.seconds = 0.0
        self._begin = time.monotonic()
        self._status: int | None = None
        self._out = os.memfd_create("out")
        self._err = os.memfd_create("err")
        self.pid = os.fork()
        if self.pid == 0:
            os._exit(self._run(list(words), folder, stopped))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is None:
            self.send(signal.SIGKILL)
            self.wait()
        os.close(self._out)
        os.close(self._err)

    def send(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def has_ended(self) -> bool:
        """Tell whether it is over."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._reaped(status)
        return self._status is not None

    def wait(self, seconds: float = LONGEST) -> int:
        """Wait for its end; return its exit status, negative if a signal ended it.

        It is killed when it takes too long.
        """
        end = time.monotonic() + seconds
        while not self.has_ended():
            if time.monotonic() > end:
                self.send(signal.SIGKILL)
            time.sleep(0.001)
        assert self._status is not None  # it has ended
        return self._status

    def wait_stopped(self) -> None:
        """Wait until it has stopped itself."""
        os.waitpid(self.pid, os.WUNTRACED)

    def written(self) -> str:
        """Return what it has written to standard output so far."""
        return _text(self._out)

    def said(self) -> str:
        """Return what it has written to standard error so far."""
        return _text(self._err)

    def _reaped(self, status: int) -> None:
        self.seconds = time.monotonic() - self._begin
        self._status = os.waitstatus_to_exitcode(status)

    def _run(self, words: list[str], folder: Path, stopped: bool) -> int:
        """Be the new process."""
        os.chdir(folder)
        os.dup2(self._out, 1)
        os.dup2(self._err, 2)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # Python's own
        if stopped:
            os.kill(os.getpid(), signal.SIGSTOP)
        try:
            main(words, prog_name="crnn")
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
            return 1
        finally:
            _flush()
        return 0


def _text(descriptor: int) -> str:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            traceback.print_exc()
