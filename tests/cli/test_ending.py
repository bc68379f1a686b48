"""What `crnn train` says at its end: commands that do what they promise when they are pasted."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from crnn import Trainer
from crnn.cli import main

SMALL = ("--hidden-size=8", "--sample-every=0")
WILD = ("--val-fraction=0.2", "--val-every=5", "--learning-rate=3")


def told(label: str, stderr: str) -> list[str]:
    """Return the words of what stands behind a label; none if it is not there."""
    lines = [line for line in stderr.splitlines() if line.startswith(f"{label} ")]
    assert len(lines) <= 1, stderr
    return shlex.split(lines[0].removeprefix(label)) if lines else []


@pytest.mark.parametrize("more", [(), ("--init-from=old",), ("--preset=strong", "--seed=4")])
def test_again_comes_to_the_same_bytes(crnn: Any, folder: Path, more: tuple[str, ...]) -> None:
    assert crnn("train", "book.txt", "-o", "old", "--steps=20", "-q", *SMALL).exit_code == 0
    sizes = SMALL[1:] if more == ("--init-from=old",) else SMALL
    timed = crnn("train", "book.txt", "--time=0.2s", *sizes, *more)
    again = told("Again", timed.stderr)
    assert again[:3] == ["crnn", "train", "book.txt"], timed.output
    first = (folder / "model.safetensors").read_bytes()
    assert crnn(*again[1:], "-o", "again").exit_code == 0
    assert (folder / "again").read_bytes() == first


def test_again_is_not_said_where_it_would_not_be_true(crnn: Any) -> None:
    tired = crnn("train", "book.txt", "--time=1000s", "--patience=1", *WILD, *SMALL)
    assert "the training is over" in tired.stderr
    crnn("train", "book.txt", "--steps=20", "-q", *SMALL)
    resumed = crnn("train", "book.txt", "--resume=model.safetensors", "--time=0.1s")
    for result in (tired, resumed):
        assert result.exit_code == 0, result.output
        assert told("Again", result.stderr) == []
        assert told("Next", result.stderr)[:2] == ["crnn", "sample"]


def test_standard_input_stays_standard_input(folder: Path, text: str) -> None:
    words = ["train", "-", "--time=0.1s", *SMALL]
    result = CliRunner().invoke(main, words, input=text.encode(), prog_name="crnn")
    assert told("Again", result.stderr)[:3] == ["crnn", "train", "-"]


def test_the_best_file_is_named_and_comes_next(crnn: Any, text: str) -> None:
    result = crnn("train", "book.txt", "--steps=100", "--patience=1", *WILD, *SMALL)
    assert told("Best", result.stderr)[-2:] == ["in", "model.best.safetensors"]
    assert told("Next", result.stderr) == ["crnn", "sample", "model.best.safetensors"]
    trainer = Trainer.resume("model.best.safetensors", text)
    assert trainer.val_loss == trainer.best_val_loss
    assert f"after {trainer.step} windows" in result.stderr


def test_a_best_file_of_an_earlier_run_is_named_where_it_is(
    crnn: Any, folder: Path, text: str
) -> None:
    assert crnn("train", "book.txt", "-o", "all", "--steps=60", *WILD, *SMALL).exit_code == 0
    best = Trainer.resume("all", text).best_step
    assert crnn("train", "book.txt", "-o", "m", f"--steps={best}", *WILD, *SMALL).exit_code == 0
    (folder / "n.best").write_bytes(b"of something else")
    result = crnn("train", "book.txt", "--resume=m", "-o", "n", f"--steps={best + 5}")
    assert told("Best", result.stderr)[-1:] == ["m.best"]
    assert told("Next", result.stderr)[-1:] == ["m.best"]


def test_the_model_is_next_if_it_is_the_best(crnn: Any) -> None:
    result = crnn("train", "book.txt", "--steps=60", "--val-fraction=0.2", *SMALL)
    assert told("Best", result.stderr) == []
    assert told("Next", result.stderr) == ["crnn", "sample", "model.safetensors"]


def test_a_model_is_tuned_gently_unless_told(crnn: Any, text: str) -> None:
    assert crnn("train", "book.txt", "-o", "old", "--steps=20", "-q", *SMALL).exit_code == 0
    words = ("train", "book.txt", "--init-from=old", "--steps=5")
    for more, rate in [((), 0.01), (("--learning-rate=0.1",), 0.1), (("--preset=strong",), 0.004)]:
        result = crnn(*words, *more)
        assert ("Note: --learning-rate 0.01, a tenth of the usual" in result.stderr) == (not more)
        held = 0.1 if more == ("--preset=strong",) else 0.0
        trainer = Trainer.resume("model.safetensors", text)
        assert (trainer.settings.learning_rate, trainer.settings.val_fraction) == (rate, held)
