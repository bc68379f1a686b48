"""Prove that the bytes are the promised ones, in many configurations.

The cases of src/crnn/digests.json are trained by the Python package and by a C driver (a second
training out of the same kernels, csrc/tests/train.c), on every table of this CPU, by several
compilers, for other processors and systems, under hostile floating-point modes, in arrays of every
kind. Every array must have the digest that was committed. A configuration for which something is
missing here has failed: what to install is said.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from proof.builds import NotPossibleError, Workshop
from proof.configurations import Bench, Configuration, configurations
from proof.driver import Tally
from proof.record import record

EXAMPLES = """examples:
  python tools/prove.py --quick              what every change must pass
  python tools/prove.py --install            everything, for a release (as root)
  python tools/prove.py --only s390x i386    two configurations, all of them
  python tools/prove.py --record             digests for new cases
  python tools/prove.py --record --new-contract crnn-2
                                             all digests anew, for another arithmetic
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
        return "DIFFERS" if self.tally.arrays else "FAILED"


def main() -> int:
    asked = arguments()
    if asked.record:
        record(Path(asked.record), asked.new_contract)
        return 0
    chosen = choose(asked.only, asked.quick)
    if asked.list:
        for configuration in chosen:
            print(f"{configuration.name:16} {configuration.what}")
        return 0
    if asked.install:
        install(chosen)
    with tempfile.TemporaryDirectory() as folder:
        shop = Workshop(Path(folder))
        bench = Bench(shop, everything=not asked.quick)
        results = [tried(configuration, bench) for configuration in chosen]
    print_table(results)
    return 1 if any(result.tally.faults for result in results) else 0


def arguments() -> argparse.Namespace:
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
        "--record",
        nargs="?",
        const="src/crnn/digests.json",
        metavar="FILE",
        help="instead: add digests to the cases that have none, in src/crnn/digests.json",
    )
    parser.add_argument(
        "--new-contract", metavar="NAME", help="with --record: all digests anew, under this name"
    )
    return parser.parse_args()


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
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def tried(configuration: Configuration, bench: Bench) -> Result:
    """Try a configuration and say how it went."""
    print(f"{configuration.name}: {configuration.what} ...", end=" ", file=sys.stderr, flush=True)
    bench.shop.commands = []
    start = time.monotonic()
    try:
        tally = configuration.run(bench)
    except NotPossibleError as error:
        tally = Tally(faults=[str(error)])
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
