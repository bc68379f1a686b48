"""The tutorial as a notebook: its prose, its Python, and what that prints."""

from __future__ import annotations

import json
import re
from typing import Any

from markdown_it import MarkdownIt

PAGE = "docs/tutorial.md"
NOTEBOOK = "examples/rnn_demo.ipynb"
COMMENT = re.compile(r"<!--.*?-->\n*", re.DOTALL)
LINK = re.compile(r"\]\((?![a-z]+:)")
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

Cell = dict[str, Any]


def notebook_of(page: str) -> dict[str, Any]:
    """Return the notebook of a page of docs/: a cell for every block of Python, with its output.

    Parameters
    ----------
    page : str
        Markdown. Its links are changed: the notebook stands in another folder.
    """
    lines = page.splitlines()
    cells: list[Cell] = []
    prose_from = 0
    for token in MarkdownIt("commonmark").parse(page):
        kind = token.info if token.type == "fence" and token.level == 0 else ""
        is_output = kind == "text" and bool(cells) and cells[-1]["cell_type"] == "code"
        if token.map is None or not (kind == "python" or is_output):
            continue
        add_prose(cells, lines[prose_from : token.map[0]])
        prose_from = token.map[1]
        if is_output:
            cells[-1]["outputs"] = [output(token.content)]
        else:
            code: Cell = {"execution_count": None, "outputs": []}
            cells.append(cell("code", token.content.rstrip("\n"), len(cells)) | code)
    add_prose(cells, lines[prose_from:])
    return {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}


def add_prose(cells: list[Cell], lines: list[str]) -> None:
    """Add a cell of Markdown, unless it would be empty."""
    source = LINK.sub("](../docs/", COMMENT.sub("", "\n".join(lines))).strip()
    if source:
        cells.append(cell("markdown", source, len(cells)))


def cell(kind: str, source: str, number: int) -> Cell:
    """Return a cell as the format has it: its source in lines."""
    lines = source.splitlines(keepends=True)
    return {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": lines}


def output(text: str) -> Cell:
    """Return what a cell has printed."""
    return {"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)}


def written(notebook: dict[str, Any]) -> str:
    """Return the file of a notebook."""
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
