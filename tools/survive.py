#!/usr/bin/env python3
"""Show that a training survives: being killed, a disk that fails, being asked to stop.

``--kills N``: short trainings that save every few milliseconds are killed (SIGKILL) at random
instants, N times in all, and resumed until their end. The file, the best file and the copy of an
older file must have the bytes of a training that was never stopped, and none may ever be damaged
or older than it was.

``--faults [CALL ...]``: system calls of a short training fail (with strace), one at a time until
none is left, once and for good. Each time the file must be the old one or a whole new one, a
message must come, nothing temporary may be left, and the exit status is 0 only if the end was
saved.

``--signals``: trainings are asked to stop by SIGINT, SIGTERM and SIGHUP at small and large windows,
while validating, sampling and reading. Saving must begin within 0.1 s or one step, and the exit
status is 128 and the number of the signal.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from survival.faults import inject
from survival.kills import survive
from survival.signals import answers

EXAMPLES = """examples:
  python tools/survive.py --kills 50         what every change must pass
  python tools/survive.py --faults write     every write of a training
  python tools/survive.py --kills 1000 --faults --signals
                                             for a release; strace is needed
"""


def main() -> int:
    asked = arguments()
    faults: list[str] = []
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        keep_out_of_home(Path(folder))
        if asked.kills:
            faults += kill(asked.kills, Path(folder), asked.seed)
        if asked.faults is not None:
            faults += fail(asked.faults, Path(folder))
        if asked.signals:
            print(f"signals, --seed {asked.seed}", flush=True)
            faults += answers(Path(folder), asked.seed)
    for fault in faults:
        print(f"FAULT {fault}")
    return 1 if faults else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=0, metavar="N", help="how many, in all")
    parser.add_argument("--faults", nargs="*", metavar="CALL", help="of these kinds, or of all")
    parser.add_argument("--signals", action="store_true", help="ask trainings to stop")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), metavar="N")
    parser.add_argument("--folder", type=Path, help="where, to try another file system")
    return parser.parse_args()


def keep_out_of_home(folder: Path) -> None:
    """Let caches, and what trainings rescue from a full disk, go into this folder."""
    for name, variable in (("home", "HOME"), ("tmp", "TMPDIR"), ("cache", "CRNN_CACHE_DIR")):
        (folder / name).mkdir()
        os.environ[variable] = str(folder / name)


def fail(calls: list[str], folder: Path) -> list[str]:
    """Let calls fail and print what that came to."""
    print("calls that fail", flush=True)
    begin = time.monotonic()
    tally = inject(folder, calls)
    statuses = ", ".join(f"{count} of status {status}" for status, count in tally.statuses.items())
    print(
        f"{tally.injected.total()} trainings with a fault, {tally.ours.total()} of them on a "
        f"checkpoint ({statuses}), {len(tally.faults)} wrong, {time.monotonic() - begin:.0f} s"
    )
    return tally.faults


def kill(kills: int, folder: Path, seed: int) -> list[str]:
    """Kill trainings and print what that came to."""
    print(f"{kills} kills, --seed {seed}", flush=True)
    begin = time.monotonic()
    tally = survive(kills, folder, seed)
    phases = ", ".join(f"{count} {phase}" for phase, count in tally.phases.most_common())
    print(
        f"{tally.kills} kills ({phases}), {tally.runs} trainings to their end, "
        f"{len(tally.faults)} lost, corrupt or different, {time.monotonic() - begin:.0f} s"
    )
    return tally.faults


if __name__ == "__main__":
    sys.exit(main())
