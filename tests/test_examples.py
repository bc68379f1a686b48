"""The examples run from beginning to end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import crnn

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_autocomplete_knows_what_follows(tmp_path: Path) -> None:
    text = "to be or not to be, that is the question. " * 40
    model = crnn.RNN(crnn.Vocab.from_text(text), hidden_size=32, seed=1)
    crnn.Trainer(model, text, learning_rate=0.1).train(600)
    model.save(tmp_path / "m.safetensors")
    example = [
        sys.executable,
        str(EXAMPLES / "autocomplete.py"),
        "m.safetensors",
        "that is the que",
    ]
    done = subprocess.run(example, cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[0].split(maxsplit=1)[1] == "that is the question."
    probabilities = [float(line.split("%")[0]) for line in lines]
    assert probabilities == sorted(probabilities, reverse=True)


def test_the_drop_in_example_prints_what_the_notebook_prints(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("to be or not to be, that is the question. " * 20, "utf-8")
    command = [sys.executable, str(EXAMPLES / "drop_in.py"), str(text), "1001"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[0] == "data has 840 characters, 15 unique."
    losses = [float(line.split()[-1]) for line in lines if line.startswith("iter ")]
    assert len(losses) == 2
    assert losses[1] < losses[0] / 2


def test_odd_strings_finds_what_breaks_the_pattern(tmp_path: Path) -> None:
    example = [sys.executable, str(EXAMPLES / "odd_strings.py")]
    done = subprocess.run(example, capture_output=True, text=True, check=True, cwd=tmp_path)
    for code in ("BER-1204\\bolt", "LYO-88l2/nut", "osa-4410/washer", "n/a", "NYC-5127/waher"):
        assert code in done.stdout
    assert len(done.stdout.splitlines()) == 1 + 5


@pytest.mark.long
def test_odd_strings_reads_a_table(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("name,x\na1,2\na2,3\n,4\nzz,5\n")
    example = [sys.executable, str(EXAMPLES / "odd_strings.py"), "t.csv", "name", "--share", "0.2"]
    done = subprocess.run(example, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "bits_per_char" in done.stdout
