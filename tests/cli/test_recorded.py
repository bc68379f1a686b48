"""`crnn train --log`: the log beside what is shown, and what its failing costs."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

import crnn as package
from crnn.cli.train import command
from crnn.log import Log, read_log

SMALL = ("--hidden-size=8", "--report-every=10", "--sample-every=15")


def reported(path: Path) -> list[int]:
    return [report.iteration for report in read_log(path).reports]


def test_a_log_has_all_reports_and_changes_nothing(crnn: Any, folder: Path) -> None:
    plain = crnn("train", "book.txt", "--steps=31", "-o", "a", *SMALL)
    logged = crnn("train", "book.txt", "--steps=31", "-o", "b", "--log=run.jsonl", *SMALL)
    assert logged.stdout == plain.stdout
    assert (folder / "a").read_bytes() == (folder / "b").read_bytes()
    assert reported(folder / "run.jsonl") == [0, 10, 15, 20, 30]


def test_a_log_goes_on_with_its_training(crnn: Any, folder: Path) -> None:
    words = ("--log=run.jsonl", "-q")
    assert crnn("train", "book.txt", "--steps=25", *SMALL, *words).exit_code == 0
    resumed = ("train", "book.txt", "--resume=model.safetensors", *words)
    assert crnn(*resumed, "--steps=45").exit_code == 0
    assert reported(folder / "run.jsonl") == [0, 10, 15, 20, 30, 40]
    lines = map(json.loads, (folder / "run.jsonl").read_text().splitlines())
    assert [line["step"] for line in lines if line["event"] == "begin"] == [0, 25]


@pytest.mark.parametrize("name", ["book.txt", "./book.txt", "model.safetensors", "val.txt"])
def test_a_log_is_no_other_file_of_the_training(crnn: Any, folder: Path, name: str) -> None:
    (folder / "val.txt").write_bytes((folder / "book.txt").read_bytes())
    before = (folder / "book.txt").read_bytes()
    result = crnn("train", "book.txt", "--val-file=val.txt", "--steps=5", "--log", name, *SMALL)
    assert result.exit_code == 1
    assert f"log {name!r} is also the text or the model: name another file" in result.stderr
    assert (folder / "book.txt").read_bytes() == (folder / "val.txt").read_bytes() == before


@pytest.mark.parametrize(
    ("name", "message"),
    [("none/run.jsonl", "cannot be written: No such file"), ("notes", "is no log of crnn")],
)
def test_what_cannot_be_logged_into_is_an_error_before_the_training(
    crnn: Any, folder: Path, name: str, message: str
) -> None:
    (folder / "notes").write_text("precious")
    result = crnn("train", "book.txt", "--steps=5", "--log", name, *SMALL)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr
    assert (folder / "notes").read_text() == "precious"


def test_a_log_that_fails_later_is_one_warning(
    crnn: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Log.report

    def full(self: Log, report: package.Report) -> None:
        if report.iteration >= 15:
            raise OSError(errno.ENOSPC, "log 'run.jsonl' cannot be written: no space")
        write(self, report)

    monkeypatch.setattr(Log, "report", full)
    result = crnn("train", "book.txt", "--steps=40", "--log=run.jsonl", *SMALL)
    assert result.exit_code == 0
    assert result.stderr.count("no space; training goes on without it") == 1
    assert "iter 30, loss: " in result.stdout
    assert reported(folder / "run.jsonl") == [0, 10]


def test_the_option_is_said_to_go_with_resume() -> None:
    helps = {param.name: getattr(param, "help", "") for param in command.params}
    assert "--log" in helps["resume"]


def test_event_files_go_beside_the_log(crnn: Any, folder: Path) -> None:
    words = ("--log=run.jsonl", "--tensorboard=runs", "-q")
    assert crnn("train", "book.txt", "--steps=25", *SMALL, *words).exit_code == 0
    again = ("train", "book.txt", "--resume=model.safetensors", "--steps=45", *words)
    assert crnn(*again).exit_code == 0
    assert all("tfevents" in path.name for path in (folder / "runs").iterdir())
    assert reported(folder / "run.jsonl") == [0, 10, 15, 20, 30, 40]
    result = crnn("train", "book.txt", "--steps=5", "--tensorboard=book.txt", *SMALL)
    assert result.exit_code == 1
    assert "tensorboard folder 'book.txt' cannot be written" in result.stderr
