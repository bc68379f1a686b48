"""Wheels for other systems: build them on this one, look into them, compare what they compute."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from proof.builds import CROSS, NotPossibleError, Workshop
from wheels import comparison, inspection
from wheels.targets import TARGETS

EXAMPLES = """examples:
  python tools/foreign.py build --list                        the systems
  python tools/foreign.py build --all                         every wheel, for a release
  python tools/foreign.py build musl-x86_64 --into dist       one, kept
  python tools/foreign.py build windows-amd64 --no-trial      built and looked at only
  python tools/foreign.py inspect dist                        wheels from wherever
  python tools/foreign.py digests results                     of the crnn that is installed here
  python tools/foreign.py digests results --driver s390x      of the kernels, emulated
  python tools/foreign.py compare results --expect 2          of all platforms

`build` compiles with zig. It needs Debian 12, its Python 3.11, `pip install 'crnn[dev]'`, the
network (PyPI's and Debian's packages); the emulated Debian also root, and for its time the kernel's
table of emulators (binfmt_misc) is another. --install brings Debian's packages. `inspect` and
`compare` need Python alone.
"""
PACKAGES = ("debootstrap", "qemu-user", "qemu-user-static", "binfmt-support", "wine", "wine64")


def main(words: Sequence[str] | None = None) -> int:
    asked = arguments(words)
    done: int = asked.does(asked)
    return done


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    steps = parser.add_subparsers(required=True, metavar="STEP")
    step = steps.add_parser("build", help="build wheels, look into them, run what can be run")
    step.set_defaults(does=build)
    step.add_argument("targets", nargs="*", metavar="TARGET", help="systems, by their names")
    step.add_argument("--all", action="store_true", help="all of them")
    step.add_argument("--list", action="store_true", help="name the systems and end")
    step.add_argument("--install", action="store_true", help="apt-get install what is needed")
    step.add_argument("--no-trial", action="store_true", help="run none of them")
    step.add_argument("--into", type=Path, metavar="FOLDER", help="keep the wheels there")
    asking = step

    step = steps.add_parser("inspect", help="size, files, and whether modules are for the system")
    step.set_defaults(does=inspect)
    step.add_argument("folder", type=Path, metavar="FOLDER")

    step = steps.add_parser("digests", help="write what this platform comes to into a file")
    step.set_defaults(does=digests)
    here = Path(os.environ.get("CRNN_DIGESTS", "."))
    step.add_argument(
        "folder", nargs="?", type=Path, default=here, metavar="FOLDER",
        help="by default what the variable CRNN_DIGESTS names, or the current one",
    )  # fmt: skip
    step.add_argument(
        "--driver", choices=[build.name for build in CROSS],
        help="compile the driver in C for a processor: NumPy has no wheels for some",
    )  # fmt: skip

    step = steps.add_parser("compare", help="compare what all platforms came to")
    step.set_defaults(does=compare)
    step.add_argument("places", nargs="+", type=Path, metavar="FILE", help="or a folder of files")
    step.add_argument("--expect", type=int, required=True, metavar="N", help="how many platforms")

    asked = parser.parse_args(words)
    if asked.does is build:
        check_targets(asking, asked)
    return asked


def check_targets(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> None:
    """End with what is wrong, unless targets are named in one way."""
    if unknown := set(asked.targets) - set(TARGETS):
        parser.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    if bool(asked.targets) + asked.all + asked.list != 1:
        parser.error("name targets, or give --all or --list")


def build(asked: argparse.Namespace) -> int:
    from wheels import trials  # which need NumPy and crnn, unlike the rest

    if asked.list:
        print(*map(trials.described, TARGETS.values()), sep="\n")
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
            lines, well = trials.tried(TARGETS[name], shop, asked.into, not asked.no_trial)
            print("\n".join(lines), flush=True)
            good += well
    print(f"{good} of {len(names)} wheels are as they should be")
    return 0 if good == len(names) else 1


def inspect(asked: argparse.Namespace) -> int:
    wheels = sorted(asked.folder.glob("*.whl"))
    wrong = {wheel: inspection.faults(wheel, inspection.modules()) for wheel in wheels}
    for wheel, faults in wrong.items():
        print(f"{'WRONG' if faults else 'ok':6} {wheel.stat().st_size:9,} bytes  {wheel.name}")
        for fault in faults:
            print(f"       {fault}")
    if not wheels:
        print(f"there are no wheels in {asked.folder}")
    return 1 if not wheels or any(wrong.values()) else 0


def digests(asked: argparse.Namespace) -> int:
    from wheels import platforms  # which needs NumPy and crnn, unlike the rest

    try:
        record = platforms.driven(asked.driver) if asked.driver else platforms.installed()
    except NotPossibleError as error:
        raise SystemExit(str(error)) from None
    print(f"{platforms.write(record, asked.folder)}: {', '.join(record['tables'])}")
    return 0


def compare(asked: argparse.Namespace) -> int:
    try:
        files = comparison.records(asked.places)
    except FileNotFoundError as error:
        raise SystemExit(str(error)) from None
    good = True
    for line, faults in comparison.compared(files, asked.expect):
        print(line, *faults[:10], sep="\n      ")
        good = good and not faults
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
