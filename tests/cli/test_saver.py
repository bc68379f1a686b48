"""The files of a training: when they are due, and what happens when they cannot be written."""

from __future__ import annotations

import errno
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from cli.processes import run

import crnn
from crnn import checkpoint
from crnn.cli.options import Period
from crnn.cli.saver import Saver, check_place

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX limits and folders")


@pytest.fixture
def trainer(text: str) -> crnn.Trainer:
    model = crnn.RNN(crnn.Vocab.from_text(text), hidden_size=4, seed=1)
    trainer = crnn.Trainer(model, text, val_fraction=0.2)
    trainer.train(30)
    return trainer


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Time stands still; call this to let it pass."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def passes(seconds: float) -> None:
        now[0] += seconds

    return passes


class Disk:
    """A disk that can be broken: nothing is written there then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.trouble: Exception | None = None
        self.broken_for = ""
        self._write = checkpoint.write_bytes
        monkeypatch.setattr(checkpoint, "write_bytes", self._try)

    def _try(self, path: str, data: bytes, *, keep: bool = False) -> None:
        if self.trouble is not None and self.broken_for in os.path.basename(path):
            raise self.trouble
        self._write(path, data, keep=keep)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


FULL = OSError(errno.ENOSPC, "full")


def step_of(path: Path) -> Any:
    training: Any = checkpoint.read(path)[1]["training"]
    return training["step"]


# --- when ---------------------------------------------------------------------------------------


def test_seconds_pass_and_then_a_window(
    trainer: crnn.Trainer, folder: Path, clock: Callable[[float], None]
) -> None:
    saver = Saver(trainer, "m", Period(seconds=30), keep=False)
    clock(31)
    assert not saver.due()  # or a long validation would be begun again and again
    trainer.train(1)
    assert saver.due()
    saver.checkpoint(pytest.fail)
    trainer.train(1)
    assert not saver.due()
    assert saver.next_step() is None
    clock(30)
    assert saver.due()


def test_what_was_written_when_is_known(trainer: crnn.Trainer, text: str, folder: Path) -> None:
    saver = Saver(trainer, "m", Period(windows=30), keep=False)
    assert (saver.saved_step, saver.saved_best) == (None, None)
    saver.keep_best(pytest.fail)
    trainer.train(1)
    saver.checkpoint(pytest.fail)
    assert (saver.saved_step, saver.saved_best) == (31, 30)
    assert crnn.Trainer.resume("m.best", text).step == 30


def test_windows_are_counted_over_resumes(trainer: crnn.Trainer, folder: Path) -> None:
    saver = Saver(trainer, "m", Period(windows=30), keep=False)
    assert not saver.due()
    assert saver.next_step() == 60
    trainer.train(30)
    assert saver.due()


@pytest.mark.parametrize("period", [Period(seconds=1000.0), Period(windows=10**9)])
def test_after_a_failure_it_is_tried_sooner_and_ever_later(
    trainer: crnn.Trainer,
    folder: Path,
    clock: Callable[[float], None],
    disk: Disk,
    period: Period,
) -> None:
    saver = Saver(trainer, "m", period, keep=False)
    disk.trouble = FULL
    for wait in (1, 2, 4, 8, 16, 32, 60, 60):
        saver.checkpoint(lambda message: None)
        trainer.train(1)
        clock(wait - 0.5)
        assert not saver.due()
        clock(0.5)
        assert saver.due()
    disk.trouble = None
    saver.checkpoint(lambda message: None)
    trainer.train(1)
    clock(999)
    assert not saver.due()


def test_a_short_period_is_never_made_longer(
    trainer: crnn.Trainer, folder: Path, clock: Callable[[float], None], disk: Disk
) -> None:
    saver = Saver(trainer, "m", Period(seconds=0.25), keep=False)
    disk.trouble = FULL
    for _ in range(5):
        saver.checkpoint(lambda message: None)
        trainer.train(1)
        clock(0.25)
        assert saver.due()


# --- what is said -------------------------------------------------------------------------------


def test_a_cause_is_said_once_and_so_is_its_end(
    trainer: crnn.Trainer, folder: Path, disk: Disk
) -> None:
    saver = Saver(trainer, "m", Period(windows=10), keep=False)
    said: list[str] = []
    for trouble in [None, FULL, FULL, MemoryError(), MemoryError(), FULL, None, None]:
        disk.trouble = trouble
        trainer.train(10)
        saver.checkpoint(said.append)
    assert [words.split(";")[0] for words in said] == [
        "[Errno 28] full",
        "there is not enough memory",
        "[Errno 28] full",
        "'m' could be saved again: all is well",
    ]
    assert "'m' still holds window 40" in said[0]
    assert "training goes on, and it is tried again" in said[0]
    assert step_of(folder / "m") == saver.saved_step == 110


# --- the best -----------------------------------------------------------------------------------


def test_a_best_that_could_not_be_saved_is_kept_until_it_can(
    trainer: crnn.Trainer, folder: Path, disk: Disk
) -> None:
    saver = Saver(trainer, "m.x", Period(windows=10), keep=False)
    said: list[str] = []
    disk.trouble, disk.broken_for = FULL, "m.best.x"
    best = trainer.to_bytes()
    saver.keep_best(said.append)
    trainer.train(10)
    saver.checkpoint(said.append)
    assert sorted(os.listdir()) == ["book.txt", "m.x"]
    disk.trouble = None
    trainer.train(10)
    saver.checkpoint(said.append)
    assert (folder / "m.best.x").read_bytes() == best
    assert len(said) == 2
    assert said[1] == "'m.best.x' could be saved again: all is well"


def test_a_better_one_takes_the_place_of_one_that_is_kept(
    trainer: crnn.Trainer, folder: Path, disk: Disk
) -> None:
    saver = Saver(trainer, "m", Period(windows=10), keep=False)
    disk.trouble = FULL
    saver.keep_best(lambda message: None)
    disk.trouble = None
    trainer.train(10)
    saver.keep_best(lambda message: None)
    newest = (folder / "m.best").read_bytes()
    trainer.train(10)
    saver.checkpoint(pytest.fail)
    assert (folder / "m.best").read_bytes() == newest


@pytest.mark.parametrize("rescued", [False, True])
def test_a_best_that_is_left_at_the_end_is_saved_or_rescued(
    trainer: crnn.Trainer, folder: Path, disk: Disk, rescued: bool
) -> None:
    saver = Saver(trainer, "m.x", Period(windows=10), keep=False)
    disk.trouble, disk.broken_for = FULL, "m.best.x"
    best = trainer.to_bytes()
    saver.keep_best(lambda message: None)
    trainer.train(10)
    if rescued:
        with pytest.raises(click.ClickException, match=r"m\.best\.rescued\.x"):
            saver.finish()
    else:
        disk.trouble = None
        saver.finish()
    assert (folder / ("m.best.rescued.x" if rescued else "m.best.x")).read_bytes() == best
    assert step_of(folder / "m.x") == trainer.step


# --- the end ------------------------------------------------------------------------------------


def test_a_folder_that_vanishes_and_comes_back(trainer: crnn.Trainer, folder: Path) -> None:
    (folder / "disk").mkdir()
    saver = Saver(trainer, "disk/m", Period(windows=10), keep=False)
    said: list[str] = []
    saver.checkpoint(said.append)
    (folder / "disk").rename("elsewhere")
    trainer.train(10)
    saver.checkpoint(said.append)
    (folder / "elsewhere").rename("disk")
    trainer.train(10)
    saver.checkpoint(said.append)
    assert step_of(folder / "disk" / "m") == 50
    assert len(said) == 2
    assert "there is no folder" in said[0]


@posix
def test_the_current_folder_may_be_the_one_that_vanishes(
    trainer: crnn.Trainer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "home").mkdir()
    (folder / "here").mkdir()
    monkeypatch.setenv("HOME", str(folder / "home"))
    monkeypatch.chdir(folder / "here")
    saver = Saver(trainer, "m.x", Period(windows=10), keep=False)
    (folder / "here").rmdir()
    said: list[str] = []
    saver.checkpoint(said.append)
    with pytest.raises(click.ClickException, match=r"what was learned is in .*home/m\.rescued\.x"):
        saver.finish()
    assert "there is no folder" in said[0]
    assert step_of(folder / "home" / "m.rescued.x") == trainer.step


def test_what_was_rescued_before_is_not_written_over(trainer: crnn.Trainer, folder: Path) -> None:
    (folder / "disk").mkdir()
    saver = Saver(trainer, "disk/m.x", Period(windows=10), keep=False)
    (folder / "disk").rmdir()
    (folder / "m.rescued.x").write_bytes(b"of an earlier run")
    with pytest.raises(click.ClickException, match=r"m\.rescued-2\.x"):
        saver.finish()
    assert (folder / "m.rescued.x").read_bytes() == b"of an earlier run"
    assert step_of(folder / "m.rescued-2.x") == trainer.step


@posix
def test_a_disk_that_fills_up_leaves_the_last_good_file(folder: Path) -> None:
    import resource

    words = ("train", "book.txt", "-q", "--hidden-size=8", "--report-every=10", "-om")
    assert run(*words, "--steps=20", folder=folder)[0] == 0
    before = (folder / "m").read_bytes()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, resource.RLIM_INFINITY))

    more = ("--resume", "m", "--steps=60", "--checkpoint-every=10")
    status, _, said = run("train", "book.txt", *more, folder=folder, preexec_fn=limit)
    assert status == 1
    assert said.count("Warning: checkpoint") == 1
    assert "Error: checkpoint" in said
    assert "the disk is full" in said
    assert "Traceback" not in said
    assert (folder / "m").read_bytes() == before
    assert sorted(os.listdir(folder)) == ["book.txt", "m"]


# --- what is lost -------------------------------------------------------------------------------


def test_what_is_lost_replaces_no_good_file(trainer: crnn.Trainer, folder: Path) -> None:
    saver = Saver(trainer, "m", Period(windows=10), keep=False)
    saver.checkpoint(pytest.fail)
    before = (folder / "m").read_bytes()
    trainer.model.Why[0, 0] = math.nan  # as after a step of a loss that was finite
    trainer.train(1)
    saver.checkpoint(pytest.fail)
    advice = "--learning-rate, or with --on-divergence halve-rate; 'm' still holds window 30"
    for end in (saver.check_loss, saver.finish):
        with pytest.raises(click.ClickException, match=advice):
            end()
    assert (folder / "m").read_bytes() == before


def test_a_training_that_goes_back_may_be_lost_for_a_while(text: str, folder: Path) -> None:
    model = crnn.RNN(crnn.Vocab.from_text(text), hidden_size=4)
    trainer = crnn.Trainer(model, text, on_divergence="halve-rate", steps=1000)
    trainer.train(10)
    saver = Saver(trainer, "m", Period(windows=10), keep=False)
    trainer.model.Why[0, 0] = math.inf
    saver.checkpoint(pytest.fail)
    saver.check_loss()
    assert not (folder / "m").exists()
    saver.finish()  # by a signal: what it can go back to is in the file
    assert checkpoint.read(folder / "m")[1]["good"]


def test_a_run_that_diverges_keeps_its_last_good_file(crnn: Any, folder: Path, text: str) -> None:
    words = ("--optimizer=sgd", "--learning-rate=1e30", "--clip=inf", "--hidden-size=8")
    result = crnn("train", "book.txt", *words, "--checkpoint-every=300", "--steps=3000")
    assert result.exit_code == 1
    said = " ".join(result.stderr.split())
    assert "smaller --learning-rate, or with --on-divergence halve-rate; 'model" in said
    assert "still holds window" in said
    assert said.count("train again") == 1
    assert step_of(folder / "model.safetensors") == 900
    words = ("--optimizer=sgd", "--learning-rate=30", "--clip=inf", "--hidden-size=8")
    result = crnn("train", "book.txt", *words, "--on-divergence=halve-rate", "--steps=1500")
    assert result.exit_code == 0
    assert "with half the rate" in result.stderr


# --- beforehand ---------------------------------------------------------------------------------


def test_leftovers_are_removed_before_a_training_begins(folder: Path) -> None:
    for name in ("m.x", "m.x.bak", "m.best.x"):
        (folder / f".{name}.0123456789abcdef.part").write_bytes(b"half")
    check_place("m.x", keep=True, best=True)
    assert os.listdir(folder) == ["book.txt"]


def test_the_best_needs_a_place_too(folder: Path) -> None:
    (folder / "m.best.x").mkdir()
    check_place("m.x", keep=True)
    with pytest.raises(click.ClickException, match="it is a folder"):
        check_place("m.x", keep=True, best=True)


def test_the_leavings_of_a_killed_run_go_before_the_place_is_tried(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("m", "m.best"):
        (folder / f".{name}.0123456789abcdef.part").write_bytes(b"half")

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "probe", killed)
    with pytest.raises(KeyboardInterrupt):
        check_place("m", keep=False, best=True)
    assert not list(folder.glob("*.part"))
    assert not list(folder.glob(".*.part"))
