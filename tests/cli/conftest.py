"""A folder with a text in it, and the command line inside this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crnn.cli import main

Crnn = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with book.txt in it; the tests run there."""
    (tmp_path / "book.txt").write_text(text, "utf-8", newline="")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def crnn(folder: Path) -> Crnn:
    """Run a command line in that folder."""
    return lambda *words: CliRunner().invoke(main, words, prog_name="crnn")


@pytest.fixture
def trained(crnn: Crnn, folder: Path) -> Path:
    """A small model in that folder."""
    assert crnn("train", "book.txt", "--steps", "50", "--hidden-size", "8").exit_code == 0
    return folder / "model.safetensors"
