"""Requests to stop: how soon saving begins, and what the exit status is, whatever goes on."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from survival.process import Process
from survival.trainings import FILE, WORDS

ALLOWED: Final = 0.1  # seconds, or one step
TIMES: Final = 5
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ALWAYS: Final = ("--steps", "100000000", "--report-every", "1000000", "--checkpoint-every", "1h")
SLOWER: Final = 1.5  # than on average may a step be


@dataclass(frozen=True)
class Situation:
    """What a training is at when it is asked to stop.

    Attributes
    ----------
    what : str
    words : str
        The command line.
    saves : bool
        Whether there is anything to be saved.
    """

    what: str
    words: str
    saves: bool = True


SITUATIONS: Final = (
    Situation("small windows", "train text --hidden-size 16 --sample-every 0"),
    Situation(
        "large windows",
        "train text --hidden-size 512 --seq-length 100 --batch-size 32 --sample-every 0",
    ),
    Situation(
        "validation",
        "train text --hidden-size 128 --val-fraction 0.5 --val-every 1 --sample-every 0",
    ),
    Situation("a long sample", "train text --hidden-size 128 --sample-length 5000000"),
    Situation("reading", "train large --hidden-size 8", saves=False),
)


@dataclass(frozen=True)
class Answer:
    """How a training answered a signal.

    Attributes
    ----------
    status : int
        What a shell sees.
    begun, ended : float
        Seconds from the signal until bytes were written (infinity if none were), and to the end of
        the process.
    step : float
        Seconds of a step, on average; 0 if there was none.
    """

    status: int
    begun: float
    ended: float
    step: float


def answers(folder: Path, seed: int) -> list[str]:
    """Send signals in every situation and print how they were answered; return what was wrong."""
    draw, faults = random.Random(seed), []
    write(folder / "text", 3_000_000, draw)
    write(folder / "large", 60_000_000, draw)
    for situation in SITUATIONS:
        every = [
            (number, _ask(situation, number, folder, draw))
            for number in SIGNALS
            for _ in range(TIMES)
        ]
        faults += _judged(situation, every)
    return faults


def _judged(situation: Situation, every: Sequence[tuple[int, Answer]]) -> list[str]:
    """Print how signals were answered in a situation; return what was wrong."""
    seconds = max(answer.begun if situation.saves else answer.ended for _, answer in every)
    step = max(answer.step for _, answer in every)
    done = "saved" if situation.saves else "ended"
    print(
        f"  {situation.what}: {len(every)} signals, {done} after "
        f"{1000 * seconds:.0f} ms at the most; a step takes {1000 * step:.0f} ms",
        flush=True,
    )
    faults = [
        f"{situation.what}: {signal.Signals(number).name}: status {answer.status}"
        for number, answer in every
        if answer.status != 128 + number
    ]
    if seconds > max(ALLOWED, SLOWER * step):
        faults.append(f"{situation.what}: {seconds:.3f} s")
    return faults


def write(path: Path, characters: int, draw: random.Random) -> None:
    """Write a text of about so many characters."""
    piece = " ".join(draw.choice(WORDS) for _ in range(20_000)) + "\n"
    path.write_text(piece * (characters // len(piece) + 1), "utf-8", newline="")


def _ask(situation: Situation, number: int, folder: Path, draw: random.Random) -> Answer:
    """Send a signal to a training that has begun."""
    place = folder / "place"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name in ("text", "large"):
        os.symlink(folder / name, place / name)
    with Process([*situation.words.split(), *ALWAYS], place) as process:
        begin = time.time()
        while situation.saves and not process.written() and not process.has_ended():
            time.sleep(0.001)
        time.sleep(draw.uniform(0.2, 1) if situation.saves else draw.uniform(0.05, 0.1))
        asked = time.time()
        process.send(number)
        status = process.wait()
        ended = time.time() - asked
        match = re.search(r"at window ([\d,]+)", process.said())
    steps = int(match[1].replace(",", "")) if match else 0
    return Answer(
        status=128 - status if status < 0 else status,
        begun=_written(place / FILE) - asked,
        ended=ended,
        step=(asked - begin) / steps if steps else 0.0,
    )


def _written(path: Path) -> float:
    """Return when the bytes of a file were written, infinity if it is not there."""
    return path.stat().st_mtime if path.exists() else float("inf")
