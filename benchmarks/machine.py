"""The machine, and processes on one core of it."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
}
SLOWING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # they would slow NumPy down


class FailedError(Exception):
    """A process ended badly; the text is the last line it wrote."""


def described(core: int) -> dict[str, Any]:
    """Return what is to be known of this machine beside a figure."""
    model = platform.processor() or "unknown"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
    return {
        "cpu": model,
        "core": core,
        "system": platform.platform(),
        "python": sys.version,
        "date": datetime.date.today().isoformat(),
    }


def last_core() -> int:
    """Return the last core this process may run on."""
    return max(os.sched_getaffinity(0))


def fresh(arguments: list[str], cores: set[int]) -> Any:
    """Run a Python program on these cores, one thread a library; return the JSON it prints."""
    environment = {**os.environ, **ONE_THREAD}
    for name in SLOWING:
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    if done.returncode:
        raise FailedError((done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1])
    return json.loads(done.stdout.splitlines()[-1])
