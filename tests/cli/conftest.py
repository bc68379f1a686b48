"""A folder with a text in it, and the command line inside this process."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from crnn.cli import main

Crnn = Callable[..., Result]


@pytest.fixture(scope="session", autouse=True)
def _signals_as_in_a_terminal() -> None:
    """Let signals through that whoever started the tests ignores (nohup, a job in the background):
    processes inherit that, and the program respects it.
    """
    usual: dict[str, Any] = {
        "SIGINT": signal.default_int_handler,
        "SIGTERM": signal.SIG_DFL,
        "SIGHUP": signal.SIG_DFL,
    }
    for name, handler in usual.items():
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


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
