"""The checklist of a release: every step is a command, run in turn; the first that fails ends it.

python tools/release.py --list         the steps
python tools/release.py                all of them: hours, and root for emulated systems
python tools/release.py --from prove   goes on at a step

In the environment that tools/develop.py makes, whose programs come first.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent

# Name: what it assures, and the command. Cheap ones first.
STEPS: Final[dict[str, tuple[str, str]]] = {
    "clean": ("nothing is left to commit", 'test -z "$(git status --porcelain)"'),
    "style": ("style, types, workflows", "pre-commit run --all-files"),
    "tests": ("the default tests", "pytest"),
    "long": ("tests that take minutes, and what needs PyTorch", "pytest -m long"),
    "kernels": ("C under sanitizers", "cmake --workflow --preset checked"),
    "site": (
        "the documentation, in a browser",
        "python tools/website.py build && python tools/website.py check --browser build/screens",
    ),
    "instructions": ("a window costs what it did", "python tools/count_instructions.py --check"),
    "wheels": ("wheels for other systems, installed there", "python tools/foreign.py build --all"),
    "races": ("threads under ThreadSanitizer", "python tools/race.py"),
    "prove": ("the digests in every configuration", "python tools/prove.py --install"),
    "accuracy": ("exp, log, tanh over all floats", "python tools/measure_accuracy.py --jobs 2"),
    "survive": (
        "kills, faults, signals",
        "python tools/survive.py --kills 1000 --faults --signals",
    ),
    "mutate": ("small changes are noticed", "python tools/mutate.py --jobs 2"),
    "package": ("sdist and wheel", "python -m build && twine check --strict dist/*"),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--list", action="store_true", help="say what would be run")
    parser.add_argument("--from", dest="first", choices=STEPS, help="go on at this step")
    asked = parser.parse_args()
    names = list(STEPS)[list(STEPS).index(asked.first) if asked.first else 0 :]
    if asked.list:
        for name in names:
            purpose, command = STEPS[name]
            print(f"{name:14} {purpose}\n{'':14} {command}")
        return
    faults = [*differences()]
    if faults:
        sys.exit("\n".join(faults))
    for name in names:
        run(name)
    version = versions()["pyproject.toml"]
    print(f"\nAll holds. Tag it: git tag -s v{version} && git push origin v{version}")


def run(name: str) -> None:
    """Run a step; leave if it fails."""
    purpose, command = STEPS[name]
    print(f"\n=== {name}: {purpose}\n    {command}", flush=True)
    start = time.monotonic()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    if subprocess.run(command, shell=True, cwd=ROOT, env={**os.environ, "PATH": path}).returncode:
        sys.exit(f"{name} failed. Mend it, then: python tools/release.py --from {name}")
    print(f"    {time.monotonic() - start:.0f} s", flush=True)


def versions() -> dict[str, str]:
    """Return the version that each file names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    return {
        "pyproject.toml": project,
        "CMakeLists.txt": _first(r"^project\(crnn .*VERSION ([\d.]+)", "CMakeLists.txt"),
        "CITATION.cff": _first(r"^version: ([\d.]+)", "CITATION.cff"),
        "CHANGELOG.md": _first(r"^## ([\d.]+)", "CHANGELOG.md"),
    }


def differences() -> Iterator[str]:
    """Yield what files disagree on."""
    wanted = versions()["pyproject.toml"]
    for name, version in versions().items():
        if version != wanted:
            yield f"{name} says version {version}, pyproject.toml {wanted}"


def _first(pattern: str, name: str) -> str:
    found = re.search(pattern, (ROOT / name).read_text("utf-8"), re.MULTILINE)
    return found[1] if found else "none"


if __name__ == "__main__":
    main()
