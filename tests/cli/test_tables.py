"""Tables: wide lines stay whole in a pipe, and no character of a text moves the cursor."""

from __future__ import annotations

import pytest
from rich.text import Text

from crnn.cli import tables
from crnn.cli.output import OutputError
from crnn.cli.tables import bar, facts_table, figures_table, percentage, quoted, show, titled


def test_lines_of_a_pipe_are_not_folded_and_have_no_spaces_at_their_ends(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    table = figures_table("", "figure")
    table.add_row("one", "1.5")
    show(
        facts_table([("text", "word " * 100), ("", "more")]),
        "",
        titled("A title wider than its table", table),
        Text("[bold]end"),
    )
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "text          " + ("word " * 100).strip()
    assert said[1:] == [
        "              more",
        "",
        "A title wider than its table",
        "     figure",
        "one     1.5",
        "[bold]end",
    ]


def test_bars_are_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bar(1).plain == ""
    monkeypatch.setattr(tables, "in_terminal", lambda: True)
    assert [len(bar(share)) for share in (0, 0.5, 1)] == [0, 12, 24]


def test_words() -> None:
    assert percentage(0.9999) == "100%"
    assert quoted("\x1b\u202e\t") == '"␛\\u202e␉"'


def test_a_closed_output_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(OutputError, match="standard output cannot be written"):
        show("word")
