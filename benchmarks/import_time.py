"""What `import crnn` costs beside NumPy's own import, and what the first use of a name adds.

    python benchmarks/import_time.py [--rounds 9]

Every figure is the median over fresh processes, each of which imports NumPy first and is timed from
there on, warm: a round that nobody counts comes before. Pin it: ``taskset -c 1 python
benchmarks/import_time.py``.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

WAYS = {
    "import crnn": "import crnn",
    "from crnn import bind": "from crnn import bind",
    "from crnn import RNN": "from crnn import RNN",
    "from crnn import RNN, Trainer": "from crnn import RNN, Trainer",
    "from crnn import *": "from crnn import *",
}
TIMED = """
import time
begin = time.perf_counter()
import numpy
between = time.perf_counter()
{statement}
print(between - begin, time.perf_counter() - between)
"""


def milliseconds(statement: str) -> tuple[float, float]:
    """Return what NumPy took in a fresh process, and what the statement took after it."""
    words = [sys.executable, "-c", TIMED.format(statement=statement)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    numpy, ours = (1000 * float(word) for word in done.stdout.split())
    return numpy, ours


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    taken: dict[str, list[float]] = {way: [] for way in ("import numpy", *WAYS)}
    for number in range(rounds + 1):
        for way, statement in WAYS.items():
            numpy, ours = milliseconds(statement)
            if number > 0:
                taken["import numpy"].append(numpy)
                taken[way].append(ours)
    for way, times in taken.items():
        print(f"{statistics.median(times):7.1f} ms  {way}")


if __name__ == "__main__":
    main()
