"""What is in a wheel, read from its bytes: nothing of it is run."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from proof.builds import ROOT

from wheels.targets import binary, suffix

LARGEST: Final = 2_000_000
"""Bytes a wheel may have."""
ELF: Final = {62: "x86_64", 183: "aarch64", 243: "riscv64", 22: "s390x", 21: "ppc64le"}
PE: Final = {0x8664: "amd64", 0xAA64: "arm64"}
MACH_O: Final = {0x01000007: "x86_64", 0x0100000C: "arm64"}
NEEDED: Final = ("crnn/include/kernels.h", "crnn/core.pxd", "crnn/kernels.pxd", "crnn/py.typed")
COMPILED: Final = (".so", ".pyd", ".dll", ".dylib")
USELESS: Final = (".pdb", ".pyx", ".c", ".o")
RUNTIME: Final = "crnn/exchange/runtime.c"  # what `crnn export --to c` writes: it is to be there


def modules() -> int:
    """Return how many modules of crnn are compiled."""
    return len(list((ROOT / "src" / "crnn").rglob("*.pyx")))


def faults(wheel: Path, modules: int) -> list[str]:
    """Return what is wrong with a wheel: its size, its files, the names and processors of modules.

    Parameters
    ----------
    wheel : Path
    modules : int
        How many compiled ones it has to have.
    """
    *_, abi, platform = wheel.stem.split("-")
    found = []
    if (size := wheel.stat().st_size) > LARGEST:
        found.append(f"it has {size:,} bytes, more than {LARGEST:,}")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        compiled = [name for name in names if name.endswith(COMPILED)]
        found += wrong_names(names, compiled, suffix(abi, platform), modules)
        for name in compiled:
            with archive.open(name) as file:
                if (kind := format_of(file.read(4096))) != binary(platform):
                    found.append(f"{name} is {kind}, expected {binary(platform)}")
    return found


def wrong_names(
    names: Sequence[str], compiled: Sequence[str], ending: str, modules: int
) -> list[str]:
    """Return what is missing, what is too much, and what Python would not load."""
    found = [f"{name} is missing" for name in NEEDED if name not in names]
    if len(compiled) != modules:
        found.append(f"there are {len(compiled)} modules, expected {modules}")
    found += [f"{name} should end in {ending}" for name in compiled if not name.endswith(ending)]
    spare = (name for name in names if name.endswith(USELESS) and name != RUNTIME)
    return found + [f"{name} is of no use in a wheel" for name in spare]


def format_of(start: bytes) -> str:
    """Return format and processor of a compiled module, by the first bytes of its file.

    Raises
    ------
    ValueError
        If it is of none of the formats that are known here.
    """
    if start[:4] == b"\x7fELF":
        order = "<" if start[5] == 1 else ">"
        return f"ELF {ELF[struct.unpack_from(order + 'H', start, 18)[0]]}"
    if start[:4] == b"\xcf\xfa\xed\xfe":
        return f"Mach-O {MACH_O[struct.unpack_from('<I', start, 4)[0]]}"
    if start[:2] == b"MZ":
        header = struct.unpack_from("<I", start, 60)[0]
        return f"PE {PE[struct.unpack_from('<H', start, header + 4)[0]]}"
    raise ValueError(f"neither ELF nor PE nor Mach-O: it starts with {start[:4].hex(' ')}")
