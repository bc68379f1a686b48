"""How a wheel is tried: as much of it runs here as the system it is for can be had here.

The one for Linux on x86-64 is installed in an environment of its own, the one for Linux on aarch64
in an emulated Debian, the one for Windows beside a Python that wine runs; there they compute the
promised bytes and pass tests. For musl the kernels alone run; what is for macOS is only looked at.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from proof import system
from proof.builds import ROOT, Build, NotPossibleError, Workshop
from proof.configurations import Bench, tables_of

from wheels import inspection, windows
from wheels.building import build
from wheels.targets import TARGETS, Target, binary

Trial: TypeAlias = Callable[[Path, Workshop], str]

TESTERS: Final = ("pytest", "pytest-xdist", "hypothesis")
SUITE: Final = ("tools/suite.py", "quick", "-q")
SOURCES: Final = ("tests", "tools", "docs", "src", "csrc", "pyproject.toml", "README.md")
"""What the tests read of the repository; crnn itself is the installed one."""


def here(wheel: Path, shop: Workshop) -> str:
    """Install the wheel in an environment of its own and run the tests in another folder."""
    environment = shop.folder / "fresh"
    shop.call([sys.executable, "-m", "venv", str(environment)])
    python = str(environment / "bin" / "python")
    shop.call([python, "-m", "pip", "install", "-q", str(wheel), *TESTERS])
    elsewhere = ["env", "-C", str(environment), python]
    return last_line(shop.call([*elsewhere, str(ROOT / SUITE[0]), *SUITE[1:]]))


def emulated_debian(wheel: Path, shop: Workshop) -> str:
    """Install the wheel in an emulated Debian for arm64; compare digests, run the tests."""
    wheels, guest = wheel.parent, system.ARM64
    system.fetch(guest, (*guest.wheels, *TESTERS), wheels, shop)
    with system.debian(guest, wheels, SOURCES, shop) as root:
        python = ["chroot", str(root), "/venv/bin/python"]
        tally = system.compared(python, root, shop)
        if tally.faults:
            raise NotPossibleError("\n".join(tally.faults))
        said = shop.call([*python, f"/{SUITE[0]}", *SUITE[1:]])
    return f"{tally.arrays} arrays equal; {last_line(said)}"


def wine(wheel: Path, shop: Workshop) -> str:
    """Install the wheel beside Python for Windows, run by wine; check and test it there.

    Without the tests that use complex numbers, for which wine lacks functions.
    """
    windows.install(wheel, TESTERS, shop)
    checked = windows.call(["-m", "crnn", "selfcheck"], shop)
    suite = [windows.path(ROOT / SUITE[0]), *SUITE[1:], "-n", "0", "-k", "not complex"]
    said = windows.call(suite, shop)
    return f"crnn selfcheck: {last_line(checked)}; {last_line(said)}"


def driver(target: Target, emulator: tuple[str, ...]) -> Trial:
    """Return a trial for where no Python can be had."""

    def run(_wheel: Path, shop: Workshop) -> str:
        """Run the kernels alone, by the driver in C."""
        compiler = str(shop.zig(target.zig) / "cc")
        build = Build(
            f"driver-{target.name}", compiler, ("qemu-user",), system=f"Linux {target.processor}",
            emulator=emulator,
        )  # fmt: skip
        tally = Bench(shop, everything=True).train(build, tables_of(target.processor), True)
        if tally.faults:
            raise NotPossibleError("\n".join(tally.faults))
        return f"the kernels only: {tally.arrays} arrays of the driver in C equal"

    return run


TRIALS: Final[dict[str, Trial]] = {
    "linux-x86_64": here,
    "linux-aarch64": emulated_debian,
    "musl-x86_64": driver(TARGETS["musl-x86_64"], ()),
    "musl-aarch64": driver(TARGETS["musl-aarch64"], ("qemu-aarch64",)),
    "windows-amd64": wine,
}
"""By name of the target; what is not here is only looked at."""


def last_line(said: str) -> str:
    """Return the last line, without the frame that pytest puts around it."""
    return said.strip().splitlines()[-1].strip(" =")


def tried(target: Target, shop: Workshop, into: Path | None, run: bool) -> tuple[list[str], bool]:
    """Build a wheel, look into it and run it; return lines about it and whether all is well.

    Parameters
    ----------
    target : Target
    shop : Workshop
    into : Path or None
        The folder where the wheel is kept.
    run : bool
        Whether it is run, where that can be.
    """
    print(f"{target.name} ...", end=" ", file=sys.stderr, flush=True)
    start, lines, good = time.monotonic(), [], True
    try:
        wheel = build(target, shop)
        if into:
            into.mkdir(parents=True, exist_ok=True)
            shutil.copy(wheel, into)
        lines = [f"{target.name}: {wheel.name}, {wheel.stat().st_size:,} bytes"]
        found = inspection.faults(wheel, inspection.modules())
        good = not found
        lines += [f"  {line}" for line in found or [f"modules are {binary(target.tag)}"]]
        if target.name in TRIALS and run:
            lines.append(f"  {TRIALS[target.name](wheel, shop)}")
    except NotPossibleError as error:
        good, lines = False, [*(lines or [f"{target.name}:"]), f"  FAILED: {error}"]
    print(f"{'ok' if good else 'FAILED'}, {time.monotonic() - start:.0f} s", file=sys.stderr)
    return lines, good


def described(target: Target) -> str:
    """Return a line about a target: its name, the platform of its wheel, how that is tried."""
    trial = TRIALS[target.name].__doc__ if target.name in TRIALS else "Only looked at."
    how = (trial or "The kernels alone run.").splitlines()[0]
    return f"{target.name:14} {target.tag:48} {how}"
