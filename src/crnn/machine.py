"""The machine: what its system says of the processor. Nothing is measured here."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Caches", "caches", "cpu_name"]

_LINUX = Path("/sys/devices/system/cpu")
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


@dataclass(frozen=True)
class Caches:
    """Sizes of the caches that one core sees, in bytes.

    Attributes
    ----------
    l1, l2 : int
        Of the first level (data) and the second: where a system does not say, 32 KiB and 1 MiB.
    l3 : int
        Of the third level; 0 if there is none, or none is known.
    """

    l1: int = 32 * 1024
    l2: int = 1024 * 1024
    l3: int = 0


def caches(folder: Path = _LINUX) -> Caches:
    """Return the sizes of this machine's caches.

    Parameters
    ----------
    folder : pathlib.Path
        Where Linux tells about its processors.

    Examples
    --------
    >>> caches().l1 >= 1024
    True
    """
    found = _linux_caches(folder) or _macos_caches()
    return Caches(**{f"l{level}": size for level, size in found.items() if size > 0})


def _linux_caches(folder: Path) -> dict[int, int]:
    """Return the sizes by level that Linux knows, of the first processor we may run on."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0}
    found = {}
    for index in sorted(folder.glob(f"cpu{min(allowed)}/cache/index*")):
        try:
            level, kind, size = (
                (index / name).read_text("ascii").strip() for name in ("level", "type", "size")
            )
        except (OSError, ValueError):
            continue
        parts = re.fullmatch(r"(\d+)([KMG]?)", size)
        if parts and kind != "Instruction" and level in ("1", "2", "3"):
            found[int(level)] = int(parts[1]) * _UNITS[parts[2]]
    return found


def _macos_caches() -> dict[int, int]:
    """Return the sizes by level that macOS knows, of its fast cores where there are two kinds."""
    if platform.system() != "Darwin":
        return {}
    found = {}
    for level, name in ((1, "l1dcachesize"), (2, "l2cachesize"), (3, "l3cachesize")):
        said = _sysctl(f"hw.perflevel0.{name}") or _sysctl(f"hw.{name}")
        found[level] = int(said) if said.isdigit() else 0
    return found


def cpu_name() -> str:
    """Return the maker's name of the processor, or at least its architecture.

    Examples
    --------
    >>> len(cpu_name()) > 0
    True
    """
    if platform.system() == "Darwin":
        return _sysctl("machdep.cpu.brand_string") or platform.machine()
    try:
        said = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        said = ""
    model = re.search(r"^model name\s*:\s*(.+)$", said, re.MULTILINE)
    return model[1].strip() if model else platform.processor() or platform.machine() or "unknown"


def _sysctl(name: str) -> str:
    """Return what macOS says of itself by that name; "" if it does not know it."""
    try:
        done = subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
