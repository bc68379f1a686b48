"""The systems that a wheel is built for here, and what a wheel's name says of what is in it."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Final

VERSION: Final = f"{sys.version_info.major}{sys.version_info.minor}"
"""Of the Python that builds; the wheels are for the same one elsewhere."""


@dataclass(frozen=True)
class Target:
    """A system to build for.

    Attributes
    ----------
    name : str
    zig : str
        What zig calls it.
    built : str
        The platform as the Python of that system names it while it builds.
    tag : str
        The platform of the wheel.
    system, processor : str
        What CMake calls them.
    """

    name: str
    zig: str
    built: str
    tag: str
    system: str
    processor: str


def linux(processor: str) -> Target:
    """Return the target with glibc 2.17, that of CentOS 7, which manylinux2014 stands for."""
    return Target(
        name=f"linux-{processor}",
        zig=f"{processor}-linux-gnu.2.17",
        built=f"linux-{processor}",
        tag=f"manylinux_2_17_{processor}.manylinux2014_{processor}",
        system="Linux",
        processor=processor,
    )


def musl(processor: str) -> Target:
    """Return the target with musl, the C library of Alpine."""
    return Target(
        name=f"musl-{processor}",
        zig=f"{processor}-linux-musl",
        built=f"linux-{processor}",
        tag=f"musllinux_1_2_{processor}",
        system="Linux",
        processor=processor,
    )


def macos(processor: str, zig: str) -> Target:
    """Return the target for macOS 11, the first one on arm64."""
    return Target(
        name=f"macos-{processor}",
        zig=f"{zig}-macos.11.0",
        built=f"macosx-11.0-{processor}",
        tag=f"macosx_11_0_{processor}",
        system="Darwin",
        processor=processor,
    )


WINDOWS: Final = Target(
    name="windows-amd64",
    zig="x86_64-windows-gnu",
    built="win-amd64",
    tag="win_amd64",
    system="Windows",
    processor="AMD64",
)

TARGETS: Final = {
    target.name: target
    for target in (
        linux("x86_64"),
        linux("aarch64"),
        musl("x86_64"),
        musl("aarch64"),
        WINDOWS,
        macos("arm64", "aarch64"),
        macos("x86_64", "x86_64"),
    )
}


def suffix(abi: str, platform: str) -> str:
    """Return how a module's name must end for Python to load it.

    Parameters
    ----------
    abi, platform : str
        As in the name of a wheel.

    Examples
    --------
    >>> suffix("cp314t", "musllinux_1_2_ppc64le")
    '.cpython-314t-powerpc64le-linux-musl.so'
    >>> suffix("cp311", "win_amd64")
    '.cp311-win_amd64.pyd'
    """
    if platform.startswith("win"):
        return f".{abi}-{platform}.pyd"
    python = f"cpython-{abi.removeprefix('cp')}"
    if platform.startswith("macosx"):
        return f".{python}-darwin.so"
    libc = "musl" if platform.startswith("musl") else "gnu"
    return f".{python}-{processor(platform).replace('ppc', 'powerpc')}-linux-{libc}.so"


def binary(platform: str) -> str:
    """Return format and processor of what a wheel for a platform holds.

    Examples
    --------
    >>> binary("manylinux_2_17_aarch64.manylinux2014_aarch64"), binary("macosx_11_0_arm64")
    ('ELF aarch64', 'Mach-O arm64')
    """
    kind = "PE" if platform.startswith("win") else "ELF"
    kind = "Mach-O" if platform.startswith("macosx") else kind
    return f"{kind} {processor(platform)}"


def processor(platform: str) -> str:
    """Return the processor that the tag of a platform ends in.

    Raises
    ------
    ValueError
        If it ends in none that is known here.
    """
    if not (found := re.search("(x86_64|aarch64|riscv64|s390x|ppc64le|arm64|amd64)$", platform)):
        raise ValueError(f"no processor in the platform {platform}")
    return found[0]
