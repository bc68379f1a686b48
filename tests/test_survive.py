"""tools/survive.py: a few kills, and that it notices what it is there to notice."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest
from survival import faults, kills
from survival.trainings import BEST, FILE, OLDER, TRAININGS, Outcome

from crnn import checkpoint

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and kills")


def test_a_damaged_file_is_noticed(tmp_path: Path) -> None:
    tally = kills.Tally()
    for data, place in [(OLDER, kills.NOWHERE), (b"half", kills.NOWHERE)]:
        (tmp_path / FILE).write_bytes(data)
        assert kills._inspect(TRAININGS[0], tmp_path, kills.NOWHERE, tally) == place
    assert len(tally.faults) == 1
    assert "is not a crnn checkpoint" in tally.faults[0] or "damaged" in tally.faults[0]


def test_leftovers_and_a_lost_copy_are_noticed(tmp_path: Path) -> None:
    tally = kills.Tally()
    (tmp_path / (FILE + ".bak")).write_bytes(b"other")
    for digit in "01":
        (tmp_path / f".{BEST}.{16 * digit}.part").touch()
    kills._inspect(TRAININGS[0], tmp_path, (-1.0, 5), tally)
    assert [fault.split(": ", 1)[1].split(" ")[0] for fault in tally.faults] == [
        "leftovers",
        "lost",
        "the",
    ]


def test_another_outcome_is_noticed() -> None:
    tally = kills.Tally()
    whole = Outcome("a", "b", "c", ("m",))
    for other in (whole, Outcome("x", "b", "c", ("m",)), Outcome("a", "b", "c", ("m", "n"))):
        kills._compare(TRAININGS[0], other, whole, tally)
    assert (tally.runs, len(tally.faults)) == (3, 2)


def test_a_fault_that_nobody_told_is_noticed(tmp_path: Path) -> None:
    injection = faults.Injection("fsync", "EIO", 3, persistent=True)
    assert injection.option() == "inject=fsync:error=EIO:when=3+"
    checkpoint.write(tmp_path / FILE, {}, {})
    whole, hits = Outcome.of(tmp_path), ["fsync(3</x/.model.safetensors.0.part>) = -1 (INJECTED)"]

    def judged(status: int, said: str) -> list[str]:
        return faults._judged(injection, tmp_path, status, said, hits, whole)

    assert judged(0, "Warning: it was so") == judged(1, "Error: it is so") == []
    assert judged(0, "") == ["nothing was said"]
    assert judged(1, "Warning: x") == ["an error that nobody told"]
    assert judged(-9, "Error: x\nTraceback") == ["neither 0 nor 1", "a traceback"]
    os.truncate(tmp_path / FILE, 50)
    assert len(judged(0, "Warning: it was so")) == 2


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_few_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    tally = kills.survive(6, tmp_path, random.randrange(10**6), TRAININGS[1:2])
    assert tally.kills == tally.phases.total() == 6
    assert tally.runs >= 1
    assert tally.faults == []
