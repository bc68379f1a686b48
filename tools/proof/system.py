"""A whole Debian for another processor, emulated: the wheel is installed there.

As root, for debootstrap and the kernel's table of emulators, which is another for that time. The
wheel is built here by the cross compiler. What it depends on comes from PyPI for that processor, as
for any user, but for one package: PyPI has no NumPy for s390x, so there it is Debian's 1.24, older
than what crnn asks for, and pip does not look at versions (--no-deps). There the digests are
compared, and a checkpoint: it is the same file, written there or here, and each reads the other's.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proof import driver
from proof.builds import NotPossibleError, Workshop
from proof.driver import Tally

PYTHON: Final = "311"  # of Debian 12, bookworm, and of the wheel
BINFMT: Final = Path("/proc/sys/fs/binfmt_misc")
TRAIN: Final = ("train", "--steps", "100", "--hidden-size", "33", "--optimizer", "adam", "-q", "-o")


@dataclass(frozen=True)
class Guest:
    """A system to be emulated.

    Attributes
    ----------
    debian, processor : str
        The processor as Debian and as the kernel call it.
    debs : tuple of str
        Packages it has from Debian, beside Python.
    wheels : tuple of str
        What crnn needs from PyPI.
    """

    debian: str
    processor: str
    debs: tuple[str, ...]
    wheels: tuple[str, ...]

    @property
    def compiler(self) -> str:
        return f"{self.processor}-linux-gnu-gcc"

    @property
    def packages(self) -> tuple[str, ...]:
        libc = f"libc6-dev-{self.debian}-cross"
        tools = ("debootstrap", "qemu-user-static", "binfmt-support")
        return (f"gcc-{self.processor}-linux-gnu", libc, *tools)


_NEEDED: Final = ("safetensors", "click", "rich", "platformdirs", "backports.zstd")
ARM64: Final = Guest("arm64", "aarch64", (), ("numpy", *_NEEDED))
S390X: Final = Guest("s390x", "s390x", ("python3-numpy",), _NEEDED)


def wheel_in(guest: Guest, shop: Workshop) -> Tally:
    """Build the wheel, install it in an emulated system and compare its digests there."""
    shop.need([guest.compiler], guest.packages)
    wheels = shop.folder / f"wheels-{guest.debian}"
    build_wheel(guest, wheels, shop)
    fetch(guest, guest.wheels, wheels, shop)
    with debian(guest, wheels, ("tools", "README.md"), shop) as root:
        return compared(["chroot", str(root), "/venv/bin/python"], root, shop)


def build_wheel(guest: Guest, wheels: Path, shop: Workshop) -> None:
    """Build crnn's wheel by Debian's cross compiler into a folder."""
    target = {
        "CC": guest.compiler,
        "_PYTHON_HOST_PLATFORM": f"linux-{guest.processor}",
        "SETUPTOOLS_EXT_SUFFIX": f".cpython-{PYTHON}-{guest.processor}-linux-gnu.so",
    }
    build = shop.folder / f"build-{guest.debian}"
    shop.call(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation",
         "-w", str(wheels), ".",
         f"-Cbuild-dir={build}", "-Ccmake.define.CMAKE_SYSTEM_NAME=Linux",
         f"-Ccmake.define.CMAKE_SYSTEM_PROCESSOR={guest.processor}"],
        target,
    )  # fmt: skip
    built = [wheel.name for wheel in wheels.glob("crnn-*.whl")]
    if len(built) != 1 or not built[0].endswith(f"linux_{guest.processor}.whl"):
        raise NotPossibleError(f"the wheels are {built}, expected one for {guest.processor}")


def fetch(guest: Guest, names: Sequence[str], wheels: Path, shop: Workshop) -> None:
    """Fetch wheels for a processor from PyPI into a folder."""
    platforms = [f"{name}_{guest.processor}" for name in ("manylinux2014", "manylinux_2_28")]
    shop.call(
        [sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:",
         f"--python-version={PYTHON}", *(f"--platform={name}" for name in platforms),
         "-d", str(wheels), *names]
    )  # fmt: skip


@contextlib.contextmanager
def debian(guest: Guest, wheels: Path, sources: Sequence[str], shop: Workshop) -> Iterator[Path]:
    """Make an emulated system whose /venv has these wheels; lend its folder.

    Parameters
    ----------
    guest : Guest
    wheels : Path
        A folder of wheels for it: all are installed.
    sources : sequence of str
        Files and folders of the repository that it gets, too.
    shop : Workshop
    """
    emulator = f"qemu-{guest.processor}"
    shop.need(("debootstrap", f"{emulator}-static", "update-binfmts"), guest.packages)
    if os.geteuid() != 0:
        raise NotPossibleError("debootstrap needs root")
    if f"{sys.version_info.major}{sys.version_info.minor}" != PYTHON:
        raise NotPossibleError(f"run this with Python 3.{PYTHON[1:]}, the one of bookworm")
    root = shop.folder / f"debian-{guest.debian}"
    with emulated(emulator, shop), without_mounts(root, shop):
        packages = ",".join(("python3", "python3-venv", *guest.debs))
        shop.call(["debootstrap", f"--arch={guest.debian}", "--variant=minbase",
                   f"--include={packages}", "bookworm", str(root)])  # fmt: skip
        for source in (str(wheels), *sources):
            shop.call(["cp", "-r", source, str(root)])
        inside = ["chroot", str(root)]
        shop.call([*inside, "python3", "-m", "venv", "--system-site-packages", "/venv"])
        files = [f"/{wheels.name}/{wheel.name}" for wheel in sorted(wheels.iterdir())]
        pip = [*inside, "/venv/bin/pip", "install", "-q", "--no-index", "--no-deps"]
        shop.call([*pip, *files])
        yield root


def compared(python: list[str], root: Path, shop: Workshop) -> Tally:
    """Compare digests, a checkpoint and a hundred packed files in the emulated system."""
    tally = Tally()
    check = [*python, "-m", "proof.package", "--quick"]
    for options in ([], ["--host", "upward", "--threads", "2"]):
        said = shop.call([*check, *options], {"PYTHONPATH": "/tools"})
        tally.add(driver.tally_from_json(said))
    here = [sys.executable, "-m", "crnn"]
    there = [*python, "-m", "crnn"]
    shop.call([*there, "selfcheck"])
    shop.call([*here, *TRAIN, str(root / "here.safetensors"), "README.md"])
    shop.call([*there, *TRAIN, "/there.safetensors", "/README.md"])
    if (root / "here.safetensors").read_bytes() != (root / "there.safetensors").read_bytes():
        tally.faults.append("a checkpoint that is written there is another file than here")
        tally.different += 1
    pack = ["-m", "proof.packing"]
    packed = shop.call([*python, *pack], {"PYTHONPATH": "/tools"})
    if not packed or packed != shop.call([sys.executable, *pack], {"PYTHONPATH": "tools"}):
        tally.faults.append("a hundred files are packed to other bytes there than here")
        tally.different += 1
    sample = ["sample", "--length", "100", "--seed", "1"]
    said = shop.call([*here, *sample, str(root / "there.safetensors")])
    if not said or said != shop.call([*there, *sample, "/here.safetensors"]):
        tally.faults.append("a sample of a checkpoint from here is another there")
        tally.different += 1
    return tally


@contextlib.contextmanager
def emulated(emulator: str, shop: Workshop) -> Iterator[None]:
    """Let the kernel run programs for another processor, for as long as this lasts."""
    entry = BINFMT / emulator
    with contextlib.ExitStack() as undo:
        if not (BINFMT / "register").exists():
            shop.call(["mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT)])
            undo.callback(shop.call, ["umount", str(BINFMT)])
        if not entry.exists():
            shop.call(["update-binfmts", "--enable", emulator])
            undo.callback(shop.call, ["update-binfmts", "--disable", emulator])
        elif not enabled(entry):
            switch(entry, "1", shop)
            undo.callback(switch, entry, "0", shop)
        if not (entry.exists() and enabled(entry)):
            raise NotPossibleError(f"{entry} does not come to be, or is not enabled")
        yield


def enabled(entry: Path) -> bool:
    return entry.read_text().startswith("enabled\n")


def switch(entry: Path, on: str, shop: Workshop) -> None:
    shop.note(f"echo {on} > {entry}")
    entry.write_text(on)


@contextlib.contextmanager
def without_mounts(root: Path, shop: Workshop) -> Iterator[None]:
    """Unmount in the end what debootstrap mounted in a folder and left there."""
    try:
        yield
    finally:
        for mount in mounts_below(root.resolve(), Path("/proc/self/mountinfo").read_text()):
            shop.call(["umount", mount])


def mounts_below(root: Path, mountinfo: str) -> list[str]:
    """Return the mounts in a folder, the innermost first (proc_pid_mountinfo(5))."""
    places = [line.split()[4] for line in mountinfo.splitlines()]
    places = [re.sub(r"\\([0-7]{3})", lambda it: chr(int(it[1], 8)), place) for place in places]
    inside = [place for place in places if Path(place).is_relative_to(root)]
    return sorted(inside, key=lambda place: len(Path(place).parts), reverse=True)
