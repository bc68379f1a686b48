"""Prove that the bytes are the promised ones, in many configurations.

The cases of src/crnn/digests.json are trained by the Python package and by a C driver (a second
training out of the same kernels, csrc/tests/train.c), on every table of this CPU, by several
compilers, for other processors and systems, under hostile floating-point modes, in arrays of every
kind. Every array must have the digest that was committed. A configuration for which something is
missing here has failed: what to install is said.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from proof.builds import ROOT, NotPossibleError, Workshop
from proof.configurations import Bench, Configuration, configurations
from proof.driver import Tally, known_cases, write_cases
from proof.record import record

EXAMPLES = """examples:
  python tools/prove.py --quick              what every change must pass
  python tools/prove.py --install            everything, for a release (as root)
  python tools/prove.py --only s390x i386    two configurations, all of them
  python tools/prove.py --record             digests for new cases
  python tools/prove.py --record --new-contract crnn-2
                                             all digests anew, for another arithmetic

The configurations wheel-* need root, the network (Debian's packages and PyPI's) and Python 3.11,
that of Debian 12. For as long as they last, the kernel's table of emulators (binfmt_misc) is
another: it is every process's of this machine.
"""


@dataclass
class Result:
    """What became of a configuration."""

    configuration: Configuration
    tally: Tally
    seconds: float
    commands: Sequence[str]

    @property
    def word(self) -> str:
        if not self.tally.faults:
            return "equal"
        return "DIFFERS" if self.tally.different else "FAILED"


def main() -> int:
    asked = arguments()
    if asked.record:
        record(asked.record, asked.new_contract)
        return 0
    if asked.cases:
        write_cases(asked.cases, [case for case in known_cases() if case.quick or not asked.quick])
        return 0
    chosen = choose(asked.only, asked.quick)
    if asked.list:
        for configuration in chosen:
            print(f"{configuration.name:16} {configuration.what}")
        return 0
    if asked.install:
        install(chosen)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        shop = Workshop(Path(folder))
        bench = Bench(shop, everything=not asked.quick)
        results = [tried(configuration, bench) for configuration in chosen]
        print_table(results)
    return 1 if any(result.tally.faults for result in results) else 0


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--quick", action="store_true", help="what every change must pass")
    group.add_argument("--release", action="store_true", help="everything: the default")
    group.add_argument("--only", nargs="+", metavar="NAME", help="these configurations")
    parser.add_argument("--list", action="store_true", help="name the configurations and end")
    parser.add_argument("--install", action="store_true", help="apt-get install what is needed")
    parser.add_argument(
        "--cases", type=Path, metavar="FILE", help="instead: write what the C driver reads"
    )
    parser.add_argument(
        "--record",
        nargs="?",
        type=Path,
        const=ROOT / "src" / "crnn" / "digests.json",
        metavar="FILE",
        help="instead: add digests to the cases that have none, in src/crnn/digests.json",
    )
    parser.add_argument(
        "--new-contract", metavar="NAME", help="with --record: all digests anew, under this name"
    )
    asked = parser.parse_args(words)
    if asked.new_contract and not asked.record:
        parser.error("--new-contract is for --record")
    if asked.record and (asked.list or asked.only or asked.quick or asked.install or asked.cases):
        parser.error("--record does nothing else: no --list, --only, --quick, --install, --cases")
    if asked.cases and (asked.list or asked.only or asked.install):
        parser.error("--cases does nothing else: no --list, --only, --install")
    return asked


def choose(names: Sequence[str] | None, quick: bool) -> list[Configuration]:
    everything = configurations()
    if names is None:
        return [one for one in everything if one.quick or not quick]
    if unknown := set(names) - {one.name for one in everything}:
        known = ", ".join(one.name for one in everything)
        raise SystemExit(f"no configuration named {', '.join(sorted(unknown))}; there are {known}")
    return [one for one in everything if one.name in names]


def install(chosen: Sequence[Configuration]) -> None:
    packages = sorted({package for one in chosen for package in one.packages})
    command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages]
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise SystemExit(f"--install needs Debian and root: {' '.join(command)}")
    for part in (["apt-get", "update", "-qq"], command):
        if status := subprocess.run(part, stdout=subprocess.DEVNULL).returncode:
            raise SystemExit(f"exit status {status}: {' '.join(part)}")


def tried(configuration: Configuration, bench: Bench) -> Result:
    """Try a configuration and say how it went."""
    print(f"{configuration.name}: {configuration.what} ...", end=" ", file=sys.stderr, flush=True)
    bench.shop.commands = []
    start = time.monotonic()
    try:
        tally = configuration.run(bench)
    except NotPossibleError as error:
        tally = Tally(faults=[str(error)])
    except Exception as error:  # the other configurations are tried nevertheless
        tally = Tally(faults=[f"{type(error).__name__}: {error}"])
        traceback.print_exc()
    if not (tally.tables and tally.cases and tally.arrays):
        tally.faults.append("nothing was compared")
    result = Result(configuration, tally, time.monotonic() - start, bench.shop.commands)
    print(f"{result.word}, {result.seconds:.0f} s", file=sys.stderr)
    for fault in tally.faults[:10]:
        print(f"  {fault}", file=sys.stderr)
    if len(tally.faults) > 10:
        print(f"  and {len(tally.faults) - 10} more", file=sys.stderr)
    return result


def print_table(results: Sequence[Result]) -> None:
    """Print a line for each configuration, below it the commands that do it."""
    print("work=$(mktemp -d)  # where the commands write")
    print("python tools/prove.py --cases $work/all.cases")
    print("python tools/prove.py --cases $work/quick.cases --quick")
    print(
        f"{'configuration':16} {'result':8} {'cases':>5} {'arrays':>7} {'seconds':>7}  tables; what"
    )
    for result in results:
        tally, one = result.tally, result.configuration
        tables = ", ".join(sorted(tally.tables)) or "none"
        print(
            f"{one.name:16} {result.word:8} {len(tally.cases):5} {tally.arrays:7} "
            f"{result.seconds:7.0f}  {tables}; {one.what}"
        )
        for command in result.commands:
            print(f"    $ {command}")
    equal = [result.configuration for result in results if not result.tally.faults]
    others = sorted({one.architecture for one in equal} - {"x86_64"})
    print(
        f"{len(equal)} of {len(results)} configurations have equal digests; architectures besides "
        f"x86-64: {', '.join(others) or 'none'}"
    )


if __name__ == "__main__":
    sys.exit(main())
