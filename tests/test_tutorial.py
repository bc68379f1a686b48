"""The tutorial is a notebook, too: made from the page, and printing the same in a kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from pages.blocks import ROOT
from pages.notebook import NOTEBOOK, PAGE, notebook_of, written


def test_the_notebook_is_the_page() -> None:
    there = (ROOT / NOTEBOOK).read_text("utf-8")
    assert there == written(notebook_of((ROOT / PAGE).read_text("utf-8"))), (
        "run: python tools/record_pages.py"
    )


def test_a_page_becomes_cells() -> None:
    page = "# A\n\n[b](c.md) <!-- d -->\n\n```python\nprint(1)\n```\n\n```text\n1\n```\n\nEnd\n"
    notebook = notebook_of(page)
    nbformat.validate(notebook)
    first, code, last = notebook["cells"]
    assert "".join(first["source"]) == "# A\n\n[b](../docs/c.md)"
    assert code["source"] == ["print(1)"]
    assert code["outputs"][0]["text"] == ["1\n"]
    assert last["source"] == ["End"]


@pytest.mark.long
@pytest.mark.filterwarnings("default")  # of Jupyter's own machinery
def test_the_notebook_runs_and_prints_what_it_shows(tmp_path: Path) -> None:
    notebook = nbformat.read(ROOT / NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    (tmp_path / "romeo.txt").write_bytes((ROOT / "examples" / "romeo.txt").read_bytes())
    shown = [printed(cell) for cell in notebook.cells]
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    assert [printed(cell) for cell in notebook.cells] == shown
    assert sum(map(len, shown)) > 50


def printed(cell: Any) -> list[str]:
    """Return the lines that a cell has printed, without spaces at their ends."""
    text = "".join(output.get("text", "") for output in cell.get("outputs", []))
    return [line.rstrip() for line in text.strip("\n").splitlines()]
