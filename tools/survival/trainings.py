"""Short trainings that save often, and what they end with if nothing disturbs them."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from survival.process import Process

FILE: Final = "model.safetensors"
BEST: Final = "model.best.safetensors"
BACKUP: Final = FILE + ".bak"
OLDER: Final = b"what was there before, and no checkpoint at all"

WORDS: Final = ("the", "of", "and", "to", "in", "that", "was", "with", "his", "for", "had", "not")


@dataclass(frozen=True)
class Training:
    """A training as the command line begins it.

    Attributes
    ----------
    name : str
    settings : str
        Options that choose the result.
    every : str
        Value of --checkpoint-every.
    texts : tuple of str
        Its files.
    more : str
        Options that have to be given to a resumed one, too.
    """

    name: str
    settings: str
    every: str
    texts: tuple[str, ...] = ("book.txt",)
    more: str = ""

    def begin(self) -> list[str]:
        """Return the command that begins it."""
        return ["train", *self.texts, *self.settings.split(), *self._always()]

    def resume(self) -> list[str]:
        """Return the command that goes on with it, as the program itself prints it."""
        return ["train", *self.texts, "--resume", FILE, *self._always()]

    def _always(self) -> list[str]:
        return ["-o", FILE, "--checkpoint-every", self.every, *self.more.split()]


TRAININGS: Final = (
    Training("reference", "--hidden-size 8 --steps 3000 --report-every 100", "20"),
    Training(
        "streams",
        "--hidden-size 8 --steps 1500 --batch-size 4 --optimizer adamw --learning-rate 0.01 "
        "--dropout 0.2 --val-fraction 0.1 --val-every 90 --report-every 100 --sample-every 250 "
        "--threads 2 --schedule trapezoid --warmup 50 --weight-decay 0.01",
        "0.005s",
    ),
    Training(
        "documents",
        "--hidden-size 8 --steps 2000 --batch-size 2 --optimizer rmsprop --learning-rate 0.005 "
        "--documents file --plateau 2 --val-every 60 --report-every 100 --init orthogonal",
        "15",
        ("book.txt", "letter.txt", "note.txt"),
        "--val-file held-back.txt",
    ),
    Training(
        "going back",
        "--hidden-size 8 --steps 2000 --optimizer sgd --learning-rate 0.3 --clip inf "
        "--on-divergence halve-rate --val-fraction 0.1 --val-every 100 --report-every 50",
        "25",
    ),
)


def write_texts(folder: Path, seed: int = 1) -> None:
    """Write the texts of all trainings, and a file where theirs will be."""
    draw = random.Random(seed)
    for name, words in (("book", 3000), ("letter", 500), ("note", 200), ("held-back", 300)):
        text = " ".join(draw.choice(WORDS) for _ in range(words))
        (folder / f"{name}.txt").write_text(text + "\n", "utf-8", newline="")
    (folder / FILE).write_bytes(OLDER)


@dataclass(frozen=True)
class Outcome:
    """What a training ended with: digests of its files, "" for one that is not there."""

    file: str
    best: str
    backup: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path) -> Outcome:
        """Return what is in a folder."""
        file, best, backup = (_digest(folder / name) for name in (FILE, BEST, BACKUP))
        return cls(file, best, backup, tuple(sorted(path.name for path in folder.iterdir())))


def undisturbed(training: Training, folder: Path) -> tuple[Outcome, float]:
    """Run a training from its beginning to its end; return its outcome and how long it took."""
    write_texts(folder)
    with Process(training.begin(), folder) as process:
        status = process.wait()
    if status != 0:
        raise RuntimeError(f"{training.name} ended with {status}: {process.said()}")
    return Outcome.of(folder), process.seconds


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
