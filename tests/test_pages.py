"""What the pages on a model in use show, run: their Python in one scope, their commands in bash."""

from __future__ import annotations

import ast
import asyncio
import inspect
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cli.processes import environment
from test_readme import ROOT, blocks

import crnn
from crnn import codec

PAGES = ("sampling", "scoring", "states", "compression")
LINES = [f"KING {name}:\nWhat is the question # {n}?\n" for n, name in enumerate("abcdefgh")]
TEXT = (
    "to be, or not to bee abc\n"
    + "".join(LINES)
    + "0123456789 2026-11-26 10:31 request http://www.example served\n"
)


def page(name: str) -> str:
    return (ROOT / "docs" / "howto" / f"{name}.md").read_text("utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the pages speak of."""
    monkeypatch.chdir(tmp_path)
    model = crnn.RNN(crnn.Vocab.from_text(TEXT), hidden_size=16, seed=1)
    crnn.Trainer(model, TEXT * 3, learning_rate=0.1).train(300)
    for name in ("model.safetensors", "log.safetensors"):
        model.save(name)
    for name in ("question.txt", "letter.txt", "book.txt", "app.log"):
        Path(name).write_text(TEXT, "utf-8")
    return tmp_path


def scope_of(name: str) -> dict[str, Any]:
    """Return what the blocks of a page take for granted."""
    model = crnn.load("model.safetensors")
    packed = io.BytesIO()
    codec.pack(model, io.BytesIO(TEXT.encode()), packed)
    return {
        "crnn": crnn,
        "model": model,
        "text": TEXT,
        "texts": LINES,
        "lines": LINES,
        "pieces": LINES,
        "frame": pd.DataFrame({"code": LINES * 3}),
        "source": io.BytesIO(TEXT.encode()),
        "target": io.BytesIO(),
        "packed_file": io.BytesIO(packed.getvalue()),
        "unpacked_file": io.BytesIO(),
    }


@pytest.mark.parametrize("name", PAGES)
def test_python_runs(name: str, folder: Path) -> None:
    scope = scope_of(name)
    found = blocks("python", page(name))
    assert found
    for code in found:
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        compiled = compile(code, f"docs/howto/{name}.md", "exec", flags=flags)
        result = eval(compiled, scope)
        if inspect.iscoroutine(result):
            asyncio.run(result)
    if name == "compression":
        assert scope["text"] == TEXT
        assert scope["unpacked_file"].getvalue() == TEXT.encode()


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in PAGES if blocks("sh", page(name))])
def test_commands_run(name: str, folder: Path) -> None:
    program = folder / "crnn"
    program.write_text(f"#!{sys.executable}\nfrom crnn.cli import main\nmain()\n")
    program.chmod(0o755)
    bash = shutil.which("bash")
    assert bash, "bash is missing"
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    for script in blocks("sh", page(name)):
        words = [bash, "-euo", "pipefail", "-c", script]
        done = subprocess.run(words, env=environment(PATH=path), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
