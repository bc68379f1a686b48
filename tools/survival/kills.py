"""SIGKILL at random instants: nothing that was saved may be lost, and no byte may differ."""

from __future__ import annotations

import collections
import functools
import math
import random
import re
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from crnn import checkpoint
from crnn.record import read_record
from survival.process import Process
from survival.trainings import (
    BACKUP,
    BEST,
    FILE,
    OLDER,
    TRAININGS,
    Outcome,
    Training,
    undisturbed,
    write_texts,
)

PART: Final = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{16}\.part")
PHASES: Final = {FILE: "writing", BEST: "writing the best", BACKUP: "writing the copy"}
Place: TypeAlias = tuple[float, int]  # only grows: minus what the rate is lowered to, and the step
NOWHERE: Final = (-math.inf, -1)
LIVES_OF_A_RUN: Final = 4  # on average, were each as long as its longest


@dataclass
class Tally:
    """What the kills came to.

    Attributes
    ----------
    kills : int
    phases : Counter
        How many of them found the training where: read off what lies in the folder afterwards.
    runs : int
        Trainings that came to their end after kills.
    faults : list of str
        What was lost, corrupt or different.
    """

    kills: int = 0
    phases: collections.Counter[str] = field(default_factory=collections.Counter)
    runs: int = 0
    faults: list[str] = field(default_factory=list)


def survive(
    kills: int, folder: Path, seed: int, trainings: Sequence[Training] = TRAININGS
) -> Tally:
    """Kill trainings so many times in all, and compare each with one that was never stopped."""
    draw, tally = random.Random(seed), Tally()
    for training in trainings:
        place = _fresh(folder / "whole")
        whole, seconds = undisturbed(training, place)
        print(f"  {training.name}: {seconds:.1f} s undisturbed", flush=True)
        longest = seconds * 2 / LIVES_OF_A_RUN
        share = -(-kills // len(trainings))
        wanted = min(kills, tally.kills + share)
        while tally.kills < wanted:
            place = _fresh(folder / "killed")
            _run(training, place, functools.partial(draw.uniform, 0, longest), tally, wanted)
            _compare(training, Outcome.of(place), whole, tally)
    return tally


def _fresh(folder: Path) -> Path:
    """Return an empty folder."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    return folder


def _run(
    training: Training, folder: Path, instant: Callable[[], float], tally: Tally, wanted: int
) -> None:
    """Bring a training to its end, however often it is killed on the way."""
    write_texts(folder)
    known = NOWHERE
    while True:
        begun = (folder / FILE).read_bytes() != OLDER
        words = training.resume() if begun else training.begin()
        with Process(words, folder) as process:
            if tally.kills < wanted:
                time.sleep(instant())
            if tally.kills >= wanted or process.has_ended():
                status = process.wait()
                if status != 0:
                    tally.faults.append(f"{training.name}: status {status}: {process.said()}")
                return
            process.send(signal.SIGKILL)
            process.wait()
            tally.kills += 1
            tally.phases[_phase(folder, process)] += 1
        known = _inspect(training, folder, known, tally)


def _phase(folder: Path, process: Process) -> str:
    """Return where a kill found a training."""
    names = [match["name"] for path in folder.iterdir() if (match := PART.fullmatch(path.name))]
    if names:
        return PHASES[names[0]]
    return "training" if process.written() else "beginning"


def _inspect(training: Training, folder: Path, known: Place, tally: Tally) -> Place:
    """Check what a kill left; return how far the checkpoint is."""
    parts = [path.name for path in folder.iterdir() if PART.fullmatch(path.name)]
    if len(parts) > 1:
        tally.faults.append(f"{training.name}: leftovers of earlier kills: {parts}")
    place = _place(training, folder / FILE, tally)
    if place < known:
        tally.faults.append(f"{training.name}: lost {known}, the file holds {place}")
    _place(training, folder / BEST, tally)
    backup = folder / BACKUP
    if (place != NOWHERE or backup.exists()) and backup.read_bytes() != OLDER:
        tally.faults.append(f"{training.name}: the older file was not kept")
    return place


def _place(training: Training, path: Path, tally: Tally) -> Place:
    """Return how far a checkpoint is, after checking that it is whole."""
    if not path.exists() or path.read_bytes() == OLDER:
        return NOWHERE
    try:
        record = read_record(checkpoint.read(path)[1])
    except ValueError as error:
        tally.faults.append(f"{training.name}: {error}")
        return NOWHERE
    assert record is not None  # trainers save nothing else
    return -record.progress.lowering, record.step


def _compare(training: Training, outcome: Outcome, whole: Outcome, tally: Tally) -> None:
    """Note how a training that was killed differs from one that was not."""
    tally.runs += 1
    for name in ("file", "best", "backup", "names"):
        if getattr(outcome, name) != getattr(whole, name):
            tally.faults.append(
                f"{training.name}: {name} is {getattr(outcome, name)}, never stopped it is "
                f"{getattr(whole, name)}"
            )
