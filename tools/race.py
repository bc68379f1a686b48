#!/usr/bin/env python3
"""Look for races, with ThreadSanitizer: what two threads do to one number, and nothing orders.

The C test of the barrier, then trainings in several threads, many threads at one model, streams and
pools, in a build of all modules that ThreadSanitizer watches. Python itself is an ordinary one: its
locks are seen, its own memory is not watched. A race is a failure, unless `SUPPRESSIONS` has it,
with a reason.

Needs gcc with its libtsan, and `pip install '.[dev]'`. Takes some minutes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
SANITIZE: Final = "-fsanitize=thread -g"
TESTS: Final = [
    "tests/test_threads.py", "tests/test_sharing.py", "tests/test_locks.py",
    "tests/test_streams.py", "tests/test_pool.py",
]  # fmt: skip

# Parameters may be read while a training writes them, and what is read is a mixture of old and new
# numbers: that is the rule, see docs/howto/threads.md. One test does so; here it shows that races
# are seen at all.
MIXING: Final = "who_reads_a_model_that_is_trained_meanwhile"
# ThreadSanitizer needs more of the address space than this one leaves.
CRAMPED: Final = "where_the_system_gives_no_thread"

SUPPRESSIONS: Final = """
# libraries that are not compiled here
called_from_lib:libopenblas
called_from_lib:libscipy_openblas
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="keeps the builds (default: a temporary one)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (asked.folder or Path(temporary)).resolve()
        barrier_meets(folder / "barrier")
        python = instrumented(folder / "python")
        found = races(python, folder, *TESTS, "-k", f"not {MIXING} and not {CRAMPED}")
        seen = races(python, folder, *TESTS, "-k", MIXING)
    print(*found, sep="\n")
    if not seen:
        print("blind: not even the race that must be there was seen")
    print(f"{len(found)} races")
    return 1 if found or not seen else 0


def barrier_meets(build: Path) -> None:
    """Build the C test of the barrier and run it."""
    call("cmake", "-S", ".", "-B", str(build), "-DCRNN_PYTHON=OFF", "-DCRNN_TESTS=ON",
         "-DCMAKE_BUILD_TYPE=RelWithDebInfo", f"-DCMAKE_C_FLAGS={SANITIZE}")  # fmt: skip
    call("cmake", "--build", str(build), "--target", "test_barrier")
    call(str(build / "csrc" / "tests" / "test_barrier"))


def instrumented(folder: Path) -> Path:
    """Install a watched build beside the packages of this environment; return the Python there."""
    venv.create(folder, symlinks=True)
    base = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", vars=base))
    ours = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (packages / "packages.pth").write_text("\n".join(ours))
    python = folder / "bin" / "python"
    call(sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps",
         "--no-build-isolation", ".", f"-Cbuild-dir={folder / 'build'}", "-Cinstall.strip=false",
         "-Ccmake.build-type=RelWithDebInfo",
         f"-Ccmake.define.CMAKE_C_FLAGS={SANITIZE}")  # fmt: skip
    return python


def races(python: Path, folder: Path, *arguments: str) -> list[str]:
    """Run tests in the watched build; return what ThreadSanitizer says of each race."""
    suppressions, log = folder / "suppressions.txt", folder / "races"
    suppressions.write_text(SUPPRESSIONS)
    for old in folder.glob("races.*"):
        old.unlink()
    library = subprocess.run(
        ["gcc", "-print-file-name=libtsan.so"], capture_output=True, text=True, check=True
    )
    call(str(python), "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *arguments,
         LD_PRELOAD=library.stdout.strip(),
         TSAN_OPTIONS=f"exitcode=0 log_path={log} suppressions={suppressions}")  # fmt: skip
    said = "".join(path.read_text("utf-8", "replace") for path in folder.glob("races.*"))
    return [part for part in said.split("=" * 18 + "\n") if "WARNING: ThreadSanitizer" in part]


def call(*words: str, **environment: str) -> None:
    """Run a command of the build or of the tests; one that fails ends this program."""
    print("$", *words, flush=True)
    done = subprocess.run(words, cwd=ROOT, env=os.environ | environment, check=False)
    if done.returncode != 0:
        sys.exit(f"failed with status {done.returncode}: {' '.join(words)}")


if __name__ == "__main__":
    sys.exit(main())
