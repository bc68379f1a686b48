"""Texts for a command: what is shown while they are read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from crnn.cli import bar, texts
from crnn.cli.notes import Notes
from crnn.corpus import Reading


@pytest.mark.parametrize(("patience", "is_shown"), [(-1.0, True), (1000.0, False)])
def test_a_bar_is_shown_to_whoever_waits(
    folder: Path,
    patience: float,
    is_shown: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bar, "_PATIENCE", patience)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    corpus = texts.Texts(Reading(), Notes()).read([str(folder / "book.txt")])
    assert corpus.characters == 900
    said = capsys.readouterr().err
    assert ("reading" in said) is is_shown
    assert bool(said) is is_shown
