"""The configurations: in what each differs from the others, and how it is tried."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crnn import core
from crnn.digests import Case
from proof import driver
from proof.builds import CROSS, NATIVE, OPTIMIZED, Build, Workshop
from proof.driver import Promised, Tally
from proof.system import ARM64, S390X, Guest, wheel_in

HOSTS: Final = ("upward", "downward", "zero", "ftz")
OFFSETS: Final = (1, 2, 3, 5, 8, 15)


class Bench:
    """What the configurations share: a workshop, the cases, the promised outcomes."""

    def __init__(self, shop: Workshop, everything: bool) -> None:
        self.shop, self.everything, self.right = shop, everything, Promised()
        self.all = driver.known_cases()
        self.some = [case for case in self.all if case.quick]
        for name, cases in (("all", self.all), ("quick", self.some)):
            driver.write_cases(self._file(name), cases)

    def _file(self, name: str) -> Path:
        return self.shop.folder / f"{name}.cases"

    def train(self, build: Build, tables: Sequence[str], quick: bool, *options: str) -> Tally:
        """Build the driver, run it and judge what it says."""
        command = [*self.shop.driver(build), *options]
        cases: Sequence[Case] = self.some if quick else self.all
        file = self._file("quick" if quick else "all")
        shown = self.shop.shown(command, build.environment)
        self.shop.note(f"{shown} < {self.shop.shown([str(file)])}")
        return driver.run(command, file, cases, tables, self.right, build.environment)

    def package(
        self, options: Sequence[str], environment: dict[str, str], emulator: Sequence[str] = ()
    ) -> Tally:
        """Run `proof.package` and take over what it found."""
        command = [*emulator, sys.executable, "-m", "proof.package", *options]
        said = self.shop.call(command, {"PYTHONPATH": "tools"} | environment)
        return driver.tally_from_json(said)


@dataclass(frozen=True)
class Configuration:
    """One configuration.

    Attributes
    ----------
    name : str
    architecture : str
        What it runs on, emulated or not.
    what : str
        A phrase for the table.
    quick : bool
        Whether every change is tried on it, or only a release.
    packages : tuple of str
        The Debian packages it needs.
    run : callable
        Tries it.
    """

    name: str
    architecture: str
    what: str
    quick: bool
    packages: tuple[str, ...]
    run: Callable[[Bench], Tally]


def tables_of(architecture: str) -> list[str]:
    """Return the tables that must be there."""
    if architecture == platform.machine():
        return core.available_isas()
    return ["portable", "neon"] if architecture == "aarch64" else ["portable"]


def on_table(isa: str) -> Configuration:
    def run(bench: Bench) -> Tally:
        tally = bench.package(["--isa", isa], {"CRNN_ISA": isa})
        for threads in ("2", "3"):
            options = ["--isa", isa, "--threads", threads]
            options += [] if bench.everything else ["--quick"]
            tally.add(bench.package(options, {"CRNN_ISA": isa}))
        return tally

    what = f"Python, {isa} forced, 1 to 3 threads"
    return Configuration(f"table-{isa}", platform.machine(), what, True, (), run)


def optimized(build: Build) -> Configuration:
    def run(bench: Bench) -> Tally:
        return bench.train(build, tables_of(platform.machine()), not bench.everything)

    what = f"C, {build.compiler} {build.flags}"
    return Configuration(build.name, platform.machine(), what, True, build.packages, run)


def emulated(build: Build) -> Configuration:
    """Another processor; with what its host may do to it, too."""
    tables = tables_of(build.name)

    def run(bench: Bench) -> Tally:
        slow = build.name in ("i386", "armhf")  # without multiply-adds in hardware
        tally = bench.train(build, tables, slow or not bench.everything)
        if bench.everything:
            hostile = ("--host", "upward", "--threads", "2", "--offset", "1")
            tally.add(bench.train(build, tables, True, *hostile))
        return tally

    what = f"C, {' '.join((build.compiler, *build.flags.split()))}, {build.emulator[0]}"
    quick = build.name in ("aarch64", "s390x")
    return Configuration(build.name, build.name, what, quick, build.packages, run)


def windows() -> Configuration:
    packages = ("wine", "wine64")

    def run(bench: Bench) -> Tally:
        zig = bench.shop.zig("x86_64-windows-gnu")
        settings = {"WINEPREFIX": str(bench.shop.folder / "wine"), "WINEDEBUG": "-all"}
        build = Build("windows", str(zig / "cc"), packages, "", "Windows AMD64", ("wine",), ".exe",
                      settings)  # fmt: skip
        return bench.train(build, tables_of("x86_64"), False)

    return Configuration("windows", "x86_64", "C, zig cc, wine", False, packages, run)


def without_fma() -> Configuration:
    """An x86-64 that has no more than its baseline: the portable table, and it alone."""
    emulator = ("qemu-x86_64", "-cpu", "Nehalem")
    packages = ("gcc", "qemu-user")

    def run(bench: Bench) -> Tally:
        build = Build("native", "gcc", packages, emulator=emulator)
        tally = bench.train(build, ["portable"], True)
        tally.add(bench.train(build, ["portable"], True, "--host", "upward"))
        for host in ("nearest", "upward"):
            options = ["--isa", "portable", "--quick", "--host", host]
            tally.add(bench.package(options, {}, emulator))
        return tally

    what = "C and Python, no FMA, qemu-x86_64 -cpu Nehalem"
    return Configuration("nehalem", "x86_64", what, False, packages, run)


def wheel(guest: Guest) -> Configuration:
    def run(bench: Bench) -> Tally:
        return wheel_in(guest, bench.shop)

    name, what = f"wheel-{guest.debian}", f"Python, the wheel in a Debian for {guest.debian}"
    return Configuration(name, guest.processor, f"{what}; checkpoints", False, guest.packages, run)


def natively(name: str, what: str, runs: Sequence[tuple[str, ...]]) -> Configuration:
    """The driver as it is built here, run with other options."""

    def run(bench: Bench) -> Tally:
        tally = Tally()
        for options in runs:
            tally.add(bench.train(NATIVE, tables_of(platform.machine()), True, *options))
        return tally

    return Configuration(name, platform.machine(), f"C, {what}", True, NATIVE.packages, run)


def hosts_in_python() -> Configuration:
    def run(bench: Bench) -> Tally:
        tally = Tally()
        for mode in HOSTS:
            for threads in ("1", "3"):
                options = ["--quick", "--host", mode, "--threads", threads]
                tally.add(bench.package(options, {}))
        return tally

    what = "Python, process's mode upward, downward, zero, ftz; threads"
    return Configuration("modes-python", platform.machine(), what, True, (), run)


def buffers_in_python() -> Configuration:
    def run(bench: Bench) -> Tally:
        tally = Tally()
        for isa in core.available_isas():
            options = ["--quick", "--arrays", "--isa", isa]
            tally.add(bench.package(options, {"CRNN_ISA": isa}))
        return tally

    what = "Python, bind() on arrays at every byte and in every order"
    return Configuration("buffers-python", platform.machine(), what, True, (), run)


def configurations() -> list[Configuration]:
    """Return all of them, in the order of the table."""
    return [
        *map(on_table, core.available_isas()),
        *map(optimized, OPTIMIZED),
        *map(emulated, CROSS),
        without_fma(),
        windows(),
        wheel(ARM64),
        wheel(S390X),
        natively(
            "modes-c",
            f"host's mode {', '.join(HOSTS)}; 3 threads",
            [("--host", mode, "--threads", "3") for mode in HOSTS],
        ),
        hosts_in_python(),
        natively(
            "buffers-c",
            "buffers some elements off alignment",
            [("--offset", str(offset)) for offset in OFFSETS],
        ),
        buffers_in_python(),
    ]
