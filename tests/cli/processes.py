"""The command line as a process of its own, for what only a real process shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "crnn"]


def environment(**changes: str) -> dict[str, str]:
    """Return this environment without what would change how things are shown."""
    noise = {"CRNN_ISA", "NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS", "LINES", "PYTHONIOENCODING"}
    return {name: value for name, value in os.environ.items() if name not in noise} | changes


def start(*words: str, folder: Path, **options: Any) -> subprocess.Popen[bytes]:
    """Start a command with pipes at both of its outputs."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    options.setdefault("env", environment())
    return subprocess.Popen([*COMMAND, *words], cwd=folder, **options)


def run(*words: str, folder: Path, **options: Any) -> tuple[int, bytes, str]:
    """Run a command to its end and return its status, its output and its errors."""
    with start(*words, folder=folder, **options) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, (err or b"").decode()
