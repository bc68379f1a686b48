#!/usr/bin/env python3
"""Write into pages of the documentation what their code prints, and make the tutorial's notebook.

A page is run in a folder of its own, as its test runs it. Every block of text that does not show
what came is replaced; one with "..." in it that fits is left as it is. Look at the difference
before it is committed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pages import given
from pages.blocks import ROOT, Block, blocks_of
from pages.notebook import NOTEBOOK, PAGE, notebook_of, written
from pages.running import is_like, outputs_of

PICTURE = "tutorial.svg"
EXAMPLES = """examples:
  python tools/record_pages.py docs/tutorial.md docs/howto/odd_lines.md
"""


def main() -> int:
    asked = arguments()
    for page in asked.page:
        record(page.resolve().relative_to(ROOT).as_posix())
    notebook = notebook_of((ROOT / PAGE).read_text("utf-8"))
    (ROOT / NOTEBOOK).write_text(written(notebook), "utf-8")
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("page", type=Path, nargs="*", help="a page to run")
    return parser.parse_args()


def record(page: str) -> None:
    """Run a page and put its outputs into it."""
    lines = (ROOT / page).read_text("utf-8").splitlines(keepends=True)
    with current_folder() as folder:
        model = given.trained_model()
        given.make_files(model)
        found = list(outputs_of(blocks_of(page), given.names_of(page, model), folder / "bin"))
        if page == PAGE:
            shutil.copy(PICTURE, ROOT / "docs" / "pictures")
    for block, printed in reversed(found):
        if not is_like(block.code, printed):
            print(f"{block} is new")
            replace(lines, block, printed)
    (ROOT / page).write_text("".join(lines), "utf-8")


def replace(lines: list[str], block: Block, printed: str) -> None:
    """Put another output into the lines of a page."""
    new = [line.rstrip() + "\n" for line in printed.strip("\n").splitlines()]
    lines[block.line : block.line + block.code.count("\n")] = new


@contextmanager
def current_folder() -> Iterator[Path]:
    """Work in a folder that is empty, and removed afterwards."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "work").mkdir()
        os.chdir(Path(folder) / "work")
        try:
            yield Path(folder)
        finally:
            os.chdir(before)


if __name__ == "__main__":
    sys.exit(main())
