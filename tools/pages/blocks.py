"""The code blocks of the README and of docs/: where they stand, and what is done with them.

A block is run as its language says. A comment before it, which no reader of the page sees, may say
what is done with it instead:

    <!-- long: REASON -->         runs with the tests that take minutes only
    <!-- file: NAME -->           is written to a file, for what follows on the page
    <!-- quoted from: PATH -->    stands so in a file of the repository
    <!-- run by: PATH -->         a test of its own runs it: all that blocks_run_by(__file__) gives
    <!-- not run: REASON -->      cannot run in a test; a test counts these

A block of text is what the last block that ran printed: "..." in it stands for anything. What
has no language, or is only indented, is a formula or a layout.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", *sorted(p.relative_to(ROOT).as_posix() for p in ROOT.glob("docs/**/*.md")))
MARKS = ("long", "file", "quoted from", "run by", "not run")
RUN = ("python", "sh")
OUTPUT = "text"
FORMULA = "formula"
UNKNOWN = "unknown"
MARK = re.compile(rf"<!-- ({'|'.join(MARKS)}): (.+?) -->\s*")
IS_CODE = re.compile(r"\{(code|sourcecode|parsed-literal)")
"""Directives of Sphinx with code in them; others are for the site, or read it from a file."""


@dataclass(frozen=True)
class Block:
    """One block of a page, and the mark before it: its kind and what it says, or nothing."""

    page: str
    line: int
    language: str
    code: str
    mark: str = ""
    says: str = ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def treatment(self) -> str:
        """What is done with it: its mark's kind, or its language's name, or "unknown"."""
        if self.mark and self.mark != "long":
            return self.mark
        return self.language if self.language in (*RUN, OUTPUT, FORMULA) else UNKNOWN


@functools.cache
def blocks_of(page: str) -> tuple[Block, ...]:
    """Return the blocks of a page of the repository, in their order."""
    return tuple(blocks_in((ROOT / page).read_text("utf-8"), page))


def blocks_run_by(test: str) -> tuple[Block, ...]:
    """Return all blocks that are marked as run by a file of tests: it has to use each of them.

    Parameters
    ----------
    test : str
        The file's `__file__`.
    """
    here = Path(test).resolve()
    found = (block for page in PAGES for block in blocks_of(page))
    return tuple(
        block
        for block in found
        if block.treatment == "run by" and (ROOT / block.says).resolve() == here
    )


def blocks_in(text: str, page: str, above: int = 0) -> Iterator[Block]:
    """Yield the blocks of a text of Markdown, those within directives of Sphinx too."""
    mark = ("", "")
    for token in MarkdownIt("commonmark").parse(text):
        line = above + (token.map[0] + 1 if token.map else 0)
        language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
        if token.type == "fence" and language.startswith("{") and not IS_CODE.match(language):
            yield from blocks_in(token.content, page, line)
        elif token.type == "fence":
            yield Block(page, line, language or FORMULA, token.content, *mark)
        elif token.type == "code_block":
            yield Block(page, line, FORMULA, token.content, *mark)
        found = MARK.fullmatch(token.content) if token.type == "html_block" else None
        mark = (found[1], found[2]) if found else ("", "")
