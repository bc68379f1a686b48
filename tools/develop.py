"""Set up this checkout for work on it: .venv with every tool, and an editable crnn.

    python3 tools/develop.py

Again after a change of src/crnn/*.pyx or csrc/: it builds crnn anew, in seconds.
Needs Python 3.11 or newer, gcc or clang, and an index of packages; any pip will do.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".venv"
PROGRAMS = FOLDER / ("Scripts" if os.name == "nt" else "bin")


def main() -> None:
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    if sys.version_info < (3, 11):  # noqa: UP036, somebody may try
        sys.exit(f"crnn needs Python 3.11 or newer, this is {sys.version.split()[0]}")
    import tomllib

    if not (PROGRAMS / "pip").exists() and not (PROGRAMS / "pip.exe").exists():
        make_environment()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    print("Installing the tools that build crnn ...", flush=True)
    pip(*project["build-system"]["requires"], "cmake", "ninja")
    print("Building crnn, installing it and what its tests need ...", flush=True)
    pip("--no-build-isolation", "-e", ".[dev]", "-Cbuild-dir=build/editable")
    print(WHAT_NEXT.format(programs=PROGRAMS.relative_to(ROOT)))


def make_environment() -> None:
    """Make .venv with a pip of its own, which some systems keep in a package of its own."""
    print(f"Making {FOLDER} ...", flush=True)
    try:
        venv.create(FOLDER, with_pip=True)
    except subprocess.CalledProcessError as error:
        said = (error.output or b"").decode("utf-8", "replace")
        sys.exit(
            f"{said}{sys.executable} cannot put pip into a new environment: {error}\n"
            "If it is Debian's or Ubuntu's: apt install python3-venv, and run this again"
        )


def pip(*arguments: str) -> None:
    """Install into the environment, whose programs come first."""
    path = os.pathsep.join([str(PROGRAMS), os.environ.get("PATH", "")])
    command = [str(PROGRAMS / "python"), "-m", "pip", "install", "--quiet", *arguments]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path})
    if done.returncode:
        sys.exit(f"this failed: {' '.join(command)}")


WHAT_NEXT = """Ready. Python files are live. Next, for instance:

    source {programs}/activate
    pytest                              the tests, under two minutes
    cmake --workflow --preset kernels   the tests of the kernels in C
    pre-commit run --all-files          style and types
"""

if __name__ == "__main__":
    main()
