"""How a wheel is tried: as much of it runs here as the system it is for can be had here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from proof import system
from proof.builds import ROOT, Build, NotPossibleError, Workshop
from proof.configurations import Bench, tables_of

from wheels import windows
from wheels.targets import TARGETS, Target

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
