"""What the README and the guide to training promise, run: Python blocks, commands and links."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import crnn

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted((ROOT / "docs").rglob("*.md"))
TRAINING = (ROOT / "docs" / "howto" / "training.md").read_text("utf-8")


def blocks(language: str, page: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, flags=re.DOTALL)


@pytest.mark.parametrize("code", blocks("python"), ids=["drop-in", "model"])
def test_python_blocks_run(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    np.random.seed(1)
    scope: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), scope)
    if "trainer" in scope:
        loss, sample, best, surprise = capsys.readouterr().out.splitlines()
        assert float(loss) < 40
        assert len(sample) == 60
        assert best == "e"
        bits, worst = surprise.split()
        assert 0 < float(bits) < 8
        assert worst == "16"


def crnn_commands() -> list[str]:
    lines = "\n".join(blocks("sh")).splitlines()
    return [command for line in lines for command in line.split(" && ") if command[:5] == "crnn "]


@pytest.mark.long
def test_commands_run_in_their_order(tmp_path: Path) -> None:
    commands = crnn_commands()
    assert len(commands) == 6
    for command in commands:
        words = [sys.executable, "-m", "crnn", *shlex.split(command)[1:]]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        if "sample" in words:
            assert done.stdout.startswith("The ")
            assert len(done.stdout) == 4 + 80
    files = {"model.safetensors", "small.safetensors", "strong.safetensors"}
    assert {path.name for path in tmp_path.iterdir()} == files | {"strong.best.safetensors"}


def test_the_blocks_on_training_run_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    codes = blocks("python", TRAINING)
    assert len(codes) == 2
    scope: dict[str, object] = {}
    for code in codes:
        exec(compile(code, "docs/howto/training.md", "exec"), scope)
    step, loss = capsys.readouterr().out.split()
    assert step == "3000"
    assert float(loss) < 2
    assert crnn.load("model.safetensors").hidden_size == 32


@pytest.mark.parametrize("page", ["README.md", *(str(page.relative_to(ROOT)) for page in PAGES)])
def test_links_lead_to_files(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert links or "README" not in page
    for link in links:
        assert ((ROOT / page).parent / link.partition("#")[0]).exists(), link
