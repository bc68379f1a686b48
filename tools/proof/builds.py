"""Builds of the C driver: for what, with which compiler, from which packages."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
DRIVER: Final = Path("csrc", "tests", "train")


class NotPossibleError(Exception):
    """A configuration that cannot be tried here, and what would help."""


@dataclass(frozen=True)
class Build:
    """One build of the driver.

    Attributes
    ----------
    name : str
        Of its folder.
    compiler : str
        A program.
    packages : tuple of str
        The Debian packages that the compiler and what runs its programs come in.
    flags : str
        For the compiler; without one that says how to optimize, -O3 is added.
    system : str
        Name of the system and the processor, where they are not this machine's.
    emulator : tuple of str
        The command that runs the program.
    suffix : str
        Of the program.
    environment : mapping of str to str
        What the program is run with, beside what is set here.
    """

    name: str
    compiler: str
    packages: tuple[str, ...] = ()
    flags: str = ""
    system: str = ""
    emulator: tuple[str, ...] = ()
    suffix: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)


class Workshop:
    """A folder where commands are run; it remembers them, to be shown."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commands: list[str] = []
        self._built: set[str] = set()

    def shown(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
        """Return a command as a person would write it in a shell, with $work for the folder."""
        words = [f"{name}={value}" for name, value in (environment or {}).items()]
        words += ["python" if word == sys.executable else shlex.quote(word) for word in command]
        return " ".join(words).replace(str(self.folder), "$work")

    def note(self, line: str) -> None:
        """Remember a command, once."""
        if line not in self.commands:
            self.commands.append(line)

    def call(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
        """Run a command from the root of the repository; return what it says on stdout."""
        self.note(self.shown(command, environment))
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            said = (done.stdout + done.stderr).strip()[-2000:]
            failed = self.shown(command, environment)
            raise NotPossibleError(f"{failed}\nexit status {done.returncode}\n{said}")
        return done.stdout

    def need(self, programs: Sequence[str], packages: Sequence[str]) -> None:
        """Raise unless all these programs are there."""
        if missing := [program for program in programs if not shutil.which(program)]:
            raise NotPossibleError(
                f"{' and '.join(missing)} missing: apt-get install {' '.join(packages)}"
            )

    def driver(self, build: Build) -> list[str]:
        """Build the driver, once; return the command that runs it."""
        folder = self.folder / build.name
        command = [*build.emulator, str(folder / DRIVER) + build.suffix]
        programs = [build.compiler, *build.emulator[:1]]
        self.need([name for name in programs if not Path(name).is_absolute()], build.packages)
        self.need(["cmake", "ninja"], ["cmake", "ninja-build"])
        configure = ["cmake", "-S", ".", "-B", str(folder), "-G", "Ninja", "-DCRNN_PYTHON=OFF",
                     "-DCRNN_TESTS=ON", f"-DCMAKE_C_COMPILER={build.compiler}",
                     f"-DCMAKE_C_FLAGS={build.flags} -Werror".replace("= ", "=")]  # fmt: skip
        if "-O" in build.flags:
            configure += ["-DCMAKE_C_FLAGS_RELEASE="]
        if build.system:
            system, processor = build.system.split()
            configure += [f"-DCMAKE_SYSTEM_NAME={system}", f"-DCMAKE_SYSTEM_PROCESSOR={processor}",
                          "-DCMAKE_EXE_LINKER_FLAGS=-static"]  # fmt: skip
        for part in (configure, ["cmake", "--build", str(folder), "--target", "train"]):
            if build.name in self._built:
                self.note(self.shown(part))
            else:
                self.call(part)
        self._built.add(build.name)
        return command

    def zig(self, target: str) -> Path:
        """Write a folder with cc, ar and ranlib that are zig's, for some target; return it."""
        if importlib.util.find_spec("ziglang") is None:
            raise NotPossibleError("zig missing: pip install ziglang")
        folder = self.folder / f"zig-{target}"
        folder.mkdir(exist_ok=True)
        self.note(f"mkdir $work/{folder.name}")
        shell, given = "sh", "$@"
        if "macos" in target:  # zig links no bundle; a library is the same but for its kind
            shell, given = "bash", "${@/#-bundle/-shared}"
        for name, words in {"cc": f"cc -target {target}", "ar": "ar", "ranlib": "ranlib"}.items():
            lines = f'#!/bin/{shell}\nexec {sys.executable} -m ziglang {words} "{given}"\n'
            script = folder / name
            script.write_text(lines)
            script.chmod(0o755)
            shown = lines.replace(sys.executable, "python").replace("\n", "\\n")
            self.note(f"printf '{shown}' > $work/{folder.name}/{name}")
        self.note(f"chmod +x $work/{folder.name}/*")
        return folder


def cross(name: str, compiler: str, emulator: str, libc: str, flags: str = "") -> Build:
    """Return the build for another processor by Debian's GCC, to be run by qemu-user."""
    packages = (f"gcc-{compiler.removesuffix('-gcc').replace('_', '-')}", libc, "qemu-user")
    return Build(name, compiler, packages, flags, f"Linux {name}", (f"qemu-{emulator}",))


NATIVE: Final = Build("native", "gcc", ("gcc",))
OPTIMIZED: Final = [
    Build(f"{compiler}{level}", compiler, (compiler,), level)
    for compiler in ("gcc", "clang")
    for level in ("-O1", "-O2", "-O3")
]
CROSS: Final = [
    cross("aarch64", "aarch64-linux-gnu-gcc", "aarch64", "libc6-dev-arm64-cross"),
    cross("s390x", "s390x-linux-gnu-gcc", "s390x", "libc6-dev-s390x-cross"),
    cross("riscv64", "riscv64-linux-gnu-gcc", "riscv64", "libc6-dev-riscv64-cross"),
    cross("ppc64le", "powerpc64le-linux-gnu-gcc", "ppc64le", "libc6-dev-ppc64el-cross"),
    cross("i386", "i686-linux-gnu-gcc", "i386", "libc6-dev-i386-cross", "-msse2 -mfpmath=sse"),
    cross("armhf", "arm-linux-gnueabihf-gcc", "arm", "libc6-dev-armhf-cross"),
]
