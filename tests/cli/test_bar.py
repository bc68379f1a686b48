"""The bar: it shows after a while that something goes on, and is gone in the end."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest
from rich.console import Console
from rich.progress import Progress

from crnn.cli import bar


@pytest.mark.parametrize("terminal", [True, False])
def test_it_shows_without_a_word_from_the_work(
    monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    shown, err = threading.Event(), io.StringIO()
    start = Progress.start

    def started(self: Progress) -> None:
        start(self)
        shown.set()

    def console(**options: Any) -> Console:
        return Console(file=err, force_terminal=terminal, _environ={"TERM": "xterm"})

    monkeypatch.setattr(Progress, "start", started)
    monkeypatch.setattr(bar, "Console", console)
    monkeypatch.setattr(bar, "_PATIENCE", 0)
    with bar.byte_bar("reading"):
        if terminal:
            assert shown.wait(60)
    assert ("reading" in err.getvalue()) is terminal
    assert "crnn-bar" not in [thread.name for thread in threading.enumerate()]


def test_who_is_quick_sees_none(monkeypatch: pytest.MonkeyPatch) -> None:
    err = io.StringIO()
    monkeypatch.setattr(bar, "_PATIENCE", 3600)
    monkeypatch.setattr(bar, "Console", lambda **_: Console(file=err, force_terminal=True))
    with bar.byte_bar("reading") as tell:
        tell(1, 2)
    assert err.getvalue() == ""
