"""What docs/howto/exchange.md shows, run: commands, C, and Python in the order of the page."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import crnn

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "exchange.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)


def run(line: str) -> None:
    """Run a line of a shell block in the current folder."""
    words = shlex.split(line, comments=True)
    if words[0] == "crnn":
        words[:1] = [sys.executable, "-m", "crnn"]
    done = subprocess.run(words, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, in which a model has been trained."""
    (tmp_path / "book.txt").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    model = crnn.RNN(crnn.Vocab.from_text(text), hidden_size=32)
    crnn.Trainer(model, text).train(500)
    model.save("model.safetensors")
    return tmp_path


def test_commands_and_c_run(folder: Path) -> None:
    lines = "".join(blocks("sh")).splitlines()
    assert len(lines) == 8
    for line in lines:
        run(line)
    assert {"model.npz", "weights.safetensors", "model.onnx", "again.safetensors", "model"} <= {
        path.name for path in folder.iterdir()
    }
    (code,) = blocks("c")
    (folder / "main.c").write_text(code)
    run("cc -std=c99 -Wall -Wextra -Wpedantic -Werror -O2 main.c model.c -lm -o example")
    out = subprocess.run(["./example"], capture_output=True, check=True).stdout
    assert out.decode().rstrip("\n") in crnn.load("model.safetensors").vocab.chars


def run_python(codes: list[str]) -> None:
    scope: dict[str, object] = {}
    for code in codes:
        exec(compile(code, "docs/howto/exchange.md", "exec"), scope)


def test_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    codes = blocks("python")
    assert len(codes) == 5
    run_python([code for code in codes if "torch" not in code])
    first, guess, notebook = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"RNN\(\d+ characters, hidden_size=32, dtype='float32'\)", first)
    assert guess.endswith("comes next")
    assert notebook == first


@pytest.mark.long
def test_python_with_pytorch_runs(capsys: pytest.CaptureFixture[str]) -> None:
    run_python([code for code in blocks("python") if "np." not in code])
    first, guess, network = capsys.readouterr().out.splitlines()
    assert guess.endswith("comes next")
    assert network == first


def test_links_lead_to_files() -> None:
    links = re.findall(r"\]\(([^)]+)\)", PAGE.read_text("utf-8"))
    assert links
    assert all((PAGE.parent / link).exists() for link in links)
