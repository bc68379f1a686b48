"""`crnn plot`: a picture of the logs of trainings."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from cli.processes import run

from crnn.cli.plot import labels_of


@pytest.fixture
def logged(crnn: Any, folder: Path) -> Path:
    """A folder with the log of a training in it."""
    words = ("--steps=40", "--hidden-size=4", "--report-every=10", "--val-fraction=0.2", "-q")
    assert crnn("train", "book.txt", *words, "--log=run.jsonl").exit_code == 0
    return folder


def test_a_picture_is_saved_and_named(crnn: Any, logged: Path) -> None:
    (logged / "a\x1b$.jsonl").write_bytes((logged / "run.jsonl").read_bytes())
    result = crnn("plot", "run.jsonl", "a\x1b$.jsonl", "-o", "x.SVG", "--nats", "--title", "T\x1b")
    assert (result.exit_code, result.stdout) == (0, "")
    drawn = (logged / "x.SVG").read_text("utf-8")
    for part in ("nats per character", "<!-- run -->", "<!-- a␛$ -->", "<!-- T␛ -->"):
        assert part in drawn, part
    assert f"Saved    x.SVG ({len(drawn.encode()) / 1000:.1f} kB)" in result.stderr
    assert crnn("plot", "run.jsonl", "--log-x").exit_code == 0
    assert (logged / "curve.png").read_bytes()[1:4] == b"PNG"


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("run.jsonl", "-o", "run.jsonl"), 2, "a file that ends in .png, .svg, .pdf or .html"),
        (("none.jsonl",), 1, "log 'none.jsonl' cannot be read: No such file"),
        (("book.txt",), 1, "log 'book.txt' is no log of crnn: it begins with 'to be, or not to"),
        (("run.jsonl", "-o", "none/x.png"), 1, "picture 'none/x.png' cannot be written: No such"),
        ((), 2, "Missing argument 'LOG...'"),
    ],
)  # fmt: skip
def test_errors_are_one_line(
    crnn: Any, logged: Path, words: tuple[str, ...], status: int, message: str
) -> None:
    before = (logged / "run.jsonl").read_bytes()
    result = crnn("plot", *words)
    assert (result.exit_code, result.stdout) == (status, "")
    assert message in " ".join(result.stderr.split())
    assert (logged / "run.jsonl").read_bytes() == before


def test_a_log_of_one_report_is_a_point(crnn: Any, logged: Path) -> None:
    lines = (logged / "run.jsonl").read_bytes().splitlines(keepends=True)
    (logged / "short.jsonl").write_bytes(b"".join(lines[:2]))
    result = crnn("plot", "run.jsonl", "short.jsonl")
    assert result.exit_code == 0
    assert "log 'short.jsonl' has 1 report, which is a point and no curve" in result.stderr
    assert "run.jsonl' has" not in result.stderr


def test_labels_tell_logs_apart_and_are_not_too_long() -> None:
    assert labels_of(["./run.jsonl"]) == ["run"]
    assert labels_of(["x/a/run", "y/a/run", "z"]) == ["x/a/run", "y/a/run", "z"]
    assert labels_of(["a", "a"]) == ["a", "a"]
    (long,) = labels_of(["begin" * 20 + "end"])
    assert len(long) == 60
    assert (long[:5], long[-3:]) == ("begin", "end")


def test_a_log_may_come_through_a_pipe(logged: Path) -> None:
    with (logged / "run.jsonl").open("rb") as log:
        status, _, said = run("plot", "-", "-o", "x.svg", folder=logged, stdin=log)
    assert (status, said.split()[:2]) == (0, ["Saved", "x.svg"])
    status, _, said = run("plot", "-", folder=logged, stdin=subprocess.DEVNULL)
    assert (status, said) == (
        1,
        "Error: log 'standard input' is empty, expected the log of a training\n",
    )
