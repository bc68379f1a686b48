"""Count the instructions of a training window, and compare with what was recorded.

    python tools/count_instructions.py --check     exit status 1 if a count has changed by over 3 %
    python tools/count_instructions.py --record    write instructions.json

Times depend on the machine and its mood, counts do not: under valgrind one build gives the same
ones every time, to a few hundred. Another compiler or C library (whose fma the portable table
calls) gives others: each pair of them has a record of its own, and nothing is compared where there
is none. The crnn that is counted is the one this Python imports. Linux only; takes half a minute.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TypeAlias

import click
import numpy as np

import crnn
from crnn import core, initial
from crnn.descent import Optimizer
from crnn.text import Text
from crnn.training import Training

RECORD = Path(__file__).with_name("instructions.json")
TOLERANCE = 0.03
DTYPES = ("float32", "float64")
H, V, T = 100, 173, 25
WINDOWS = 4

Counts: TypeAlias = dict[str, int]  # instructions of a window, by "isa dtype"


@click.command(help=__doc__, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--check", "action", flag_value="check", help="Compare with the record.")
@click.option("--record", "action", flag_value="record", help="Write the record.")
@click.option("--run", "action", flag_value="run", hidden=True, help="What is counted.")
def main(action: str | None) -> None:
    if action is None:
        raise click.UsageError("say --check or --record")
    if action == "run":
        train()
        return
    build, counts = build_name(), count_all()
    for name, count in counts.items():
        click.echo(f"{name}: {count:,} instructions a window")
    records = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}
    if action == "record":
        records[build] = counts
        RECORD.write_text(json.dumps(records, indent=2, sort_keys=True) + "\n", "utf-8")
    elif build not in records:
        click.echo(f"Nothing was compared: there is no record of {build}. --record makes one.")
    elif changes := changed(counts, records[build]):
        advice = "If that is how it should be, record again: --record"
        raise click.ClickException("\n".join([*changes, advice]))


def changed(counts: Counts, recorded: Counts) -> list[str]:
    """Return a line for every count that is not what was recorded.

    >>> changed({"avx2 float32": 1100}, {"avx2 float32": 1000})
    ['avx2 float32 takes 10.0 % more instructions than recorded: 1,100, not 1,000']
    >>> changed({"avx2 float32": 1020}, {"avx2 float32": 1000})
    []
    """
    lines = []
    for name, now in counts.items():
        before = recorded[name]
        percent = 100 * (now / before - 1)
        if abs(percent) > 100 * TOLERANCE:
            lines.append(
                f"{name} takes {abs(percent):.1f} % {'more' if percent > 0 else 'fewer'} "
                f"instructions than recorded: {now:,}, not {before:,}"
            )
    return lines


def build_name() -> str:
    """Return what the counts depend on beside the source: compiler, C library and processor."""
    compiled = Path(crnn.core.__file__).read_bytes()
    # In a module of clang's there is GCC's name too, of the C library's first lines.
    found = re.search(rb"clang version [0-9.]+", compiled) or re.search(
        rb"GCC: \([^)]*\) [0-9.]+", compiled
    )
    compiler = found[0].decode("ascii") if found else "an unknown compiler"
    tables = " ".join(tables_to_count())
    return f"{compiler}, {' '.join(platform.libc_ver())}, {platform.machine()} with {tables}"


def tables_to_count() -> list[str]:
    return [isa for isa in crnn.core.available_isas() if isa != "avx512"]  # unknown to valgrind


def count_all() -> Counts:
    if not shutil.which("valgrind"):
        raise click.ClickException("valgrind is missing: apt-get install valgrind")
    return {
        f"{isa} {dtype}": count
        for isa in tables_to_count()
        for dtype, count in zip(DTYPES, counted(isa), strict=True)
    }


def counted(isa: str) -> list[int]:
    """Return the instructions of a window for each type.

    `train` calls getppid around what is counted. There callgrind dumps what it has counted since
    the last dump: the windows are in each second one.
    """
    environment = os.environ | {
        "CRNN_ISA": isa,
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
    }
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        subprocess.run(
            ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}",
             "--dump-before=getppid", sys.executable, __file__, "--run"],
            env=environment, check=True,
        )  # fmt: skip
        dumps = [Path(f"{out}.{number}").read_text("utf-8") for number in range(1, 5)]
    totals = [int(re.findall(r"^totals: (\d+)", dump, re.MULTILINE)[-1]) for dump in dumps]
    return [total // WINDOWS for total in totals[1::2]]


def train() -> None:
    """Train some windows of each type, and tell callgrind where they begin and end."""
    text = np.random.default_rng(1).integers(V, size=1000, dtype=np.int32)
    for dtype in DTYPES:
        net = core.Net(V, H, dtype == "float64")
        initial.draw_weights(net, np.random.PCG64(1))
        rule = Optimizer("adagrad", learning_rate=0.1, clip=5.0)
        training = Training(net, Text(text, V), T, 1, rule)
        training.run(2)  # touches memory
        os.getppid()
        training.run(WINDOWS)
        os.getppid()


if __name__ == "__main__":
    main()
