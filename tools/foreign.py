"""Build wheels for other systems on this one, look into them, and run what can be run here.

zig compiles them all. The one for Linux on x86-64 is installed in an environment of its own, the
one for Linux on aarch64 in an emulated Debian, the one for Windows beside a Python that wine runs;
there they compute the promised bytes and pass tests. For musl the kernels alone run; what is for
macOS is only looked at.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from proof.builds import ROOT, NotPossibleError, Workshop
from wheels import inspection
from wheels.building import build
from wheels.targets import TARGETS, Target, binary
from wheels.trials import TRIALS

EXAMPLES = """examples:
  python tools/foreign.py --list                          the systems
  python tools/foreign.py --all                           every wheel, for a release
  python tools/foreign.py musl-x86_64 --into dist         one, kept
  python tools/foreign.py windows-amd64 --no-trial        built and looked at only

It needs Debian 12, its Python 3.11, `pip install 'crnn[dev]'`, the network (PyPI's and Debian's
packages); the emulated Debian also root, and for its time the kernel's table of emulators
(binfmt_misc) is another. --install brings Debian's packages.
"""
PACKAGES = ("debootstrap", "qemu-user", "qemu-user-static", "binfmt-support", "wine", "wine64")


def main() -> int:
    asked = arguments()
    if asked.list:
        for name, target in TARGETS.items():
            trial = TRIALS[name].__doc__ if name in TRIALS else "Only looked at."
            print(
                f"{name:14} {target.tag:48} {(trial or 'The kernels alone run.').splitlines()[0]}"
            )
        return 0
    if asked.install:
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", *PACKAGES],
                       check=True)  # fmt: skip
    names = list(TARGETS) if asked.all else asked.targets
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        shop = Workshop(Path(folder))
        good = 0
        for name in names:
            lines, well = tried(TARGETS[name], shop, asked)
            print("\n".join(lines), flush=True)
            good += well
    print(f"{good} of {len(names)} wheels are as they should be")
    return 0 if good == len(names) else 1


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="systems, by their names")
    parser.add_argument("--all", action="store_true", help="all of them")
    parser.add_argument("--list", action="store_true", help="name the systems and end")
    parser.add_argument("--install", action="store_true", help="apt-get install what is needed")
    parser.add_argument("--no-trial", action="store_true", help="run none of them")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="keep the wheels there")
    asked = parser.parse_args(words)
    if unknown := set(asked.targets) - set(TARGETS):
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    if bool(asked.targets) + asked.all + asked.list != 1:
        parser.error("name targets, or give --all or --list")
    return asked


def tried(target: Target, shop: Workshop, asked: argparse.Namespace) -> tuple[list[str], bool]:
    """Build a wheel, look into it and run it; return lines about it and whether all is well."""
    print(f"{target.name} ...", end=" ", file=sys.stderr, flush=True)
    start, lines, good = time.monotonic(), [], True
    try:
        wheel = build(target, shop)
        if asked.into:
            asked.into.mkdir(parents=True, exist_ok=True)
            shutil.copy(wheel, asked.into)
        lines = [f"{target.name}: {wheel.name}, {wheel.stat().st_size:,} bytes"]
        found = inspection.faults(wheel, modules())
        good = not found
        lines += [f"  {line}" for line in found or [f"modules are {binary(target.tag)}"]]
        if target.name in TRIALS and not asked.no_trial:
            lines.append(f"  {TRIALS[target.name](wheel, shop)}")
    except NotPossibleError as error:
        good, lines = False, [*(lines or [f"{target.name}:"]), f"  FAILED: {error}"]
    print(f"{'ok' if good else 'FAILED'}, {time.monotonic() - start:.0f} s", file=sys.stderr)
    return lines, good


def modules() -> int:
    """Return how many modules are compiled."""
    return len(list((ROOT / "src" / "crnn").rglob("*.pyx")))


if __name__ == "__main__":
    sys.exit(main())
