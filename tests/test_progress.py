"""The line that shows how far a training is: in terminals, in notebooks, and nowhere else."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import types
from typing import Any

import nbclient
import nbformat
import pytest

import crnn


def trainer_of(text: str, **changes: Any) -> crnn.Trainer:
    model = crnn.RNN(crnn.Vocab.from_text(text), hidden_size=4)
    return crnn.Trainer(model, text, sample_every=0, **changes)


class Notebook(types.ModuleType):
    """What IPython is inside a notebook, and its display with it."""

    def __init__(self, *, has_kernel: bool) -> None:
        super().__init__("IPython")
        self.shell = types.SimpleNamespace(**({"kernel": None} if has_kernel else {}))
        self.pages: list[str] = []
        self.display = types.ModuleType("IPython.display")
        self.display.__dict__["display"] = self._display

    def get_ipython(self) -> Any:
        return self.shell

    def _display(self, page: dict[str, str], *, raw: bool, display_id: bool) -> Any:
        assert (raw, display_id) == (True, True)
        self.pages.append(page["text/html"])
        return types.SimpleNamespace(update=lambda page, raw: self.pages.append(page["text/html"]))


def enter(monkeypatch: pytest.MonkeyPatch, notebook: Notebook) -> None:
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", notebook.display)


def test_in_a_notebook_one_output_is_replaced(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    notebook = Notebook(has_kernel=True)
    enter(monkeypatch, notebook)
    trainer = trainer_of(text, val_fraction=0.2, val_every=20)
    trainer.train(40, progress=True)
    assert notebook.pages[0] == ""
    for part in ('value="1.0000"', "40/40  ", f"{trainer.bits_per_char:.3f} bits  valid ",
                 "chars/s  0:00 gone"):  # fmt: skip
        assert part in notebook.pages[-1], part


def test_where_nobody_looks_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    enter(monkeypatch, Notebook(has_kernel=False))
    trainer_of(text).train(10, progress=True)
    assert tuple(capsys.readouterr()) == ("", "")


def test_in_a_terminal_it_is_a_line_below_what_is_printed(
    monkeypatch: pytest.MonkeyPatch, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    for name, value in (("TERM", "xterm"), ("COLUMNS", "80")):
        monkeypatch.setenv(name, value)
    trainer_of(text, steps=30).finish(progress=True)
    said = capsys.readouterr().err
    assert "━" in said
    assert "30/30" in said
    assert said.endswith("\x1b[?25h")
    monkeypatch.setenv("TERM", "dumb")
    trainer_of(text).train(10, progress=True)
    assert capsys.readouterr().err == ""


def test_an_end_that_the_clock_will_say_and_one_that_is_left_early(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    notebook = Notebook(has_kernel=True)
    enter(monkeypatch, notebook)
    trainer = trainer_of(text, time=1e6, report_every=10)
    trainer.finish(lambda report: report.iteration == 20, progress=True)
    assert 'value="0.0000"' in notebook.pages[-1]
    assert "  21  " in f"  {notebook.pages[-1].partition('> ')[2]}"
    assert "11 d 13:46:" in notebook.pages[-1]


def test_it_ends_with_an_error_of_the_training(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    enter(monkeypatch, Notebook(has_kernel=True))

    def fail(_: crnn.Report) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        trainer_of(text).train(10, fail, progress=True)
    assert not [thread for thread in threading.enumerate() if thread.name == "crnn-progress"]


def test_it_changes_nothing_and_is_imported_only_when_it_is_wanted(text: str) -> None:
    shown, plain = trainer_of(text), trainer_of(text)
    shown.train(50, progress=True)
    plain.train(50)
    assert (shown.model.Whh == plain.model.Whh).all()
    code = "import crnn, sys; print('crnn.progress' in sys.modules, 'rich' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


@pytest.mark.long
def test_a_real_notebook_shows_one_output_at_its_end() -> None:
    code = """
    import crnn
    text = "to be or not to be " * 50
    trainer = crnn.Trainer(crnn.RNN(crnn.Vocab.from_text(text), 16), text)
    trainer.train(20_000, lambda report: print("heard"), progress=True)
    """
    v4: Any = nbformat.v4  # has no types
    notebook = v4.new_notebook(cells=[v4.new_code_cell(textwrap.dedent(code))])
    nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    shown = [out for out in notebook.cells[0].outputs if out.output_type == "display_data"]
    assert len(shown) == 1
    assert "20,000/20,000" in shown[0].data["text/html"]
