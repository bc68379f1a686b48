"""Links from a page to Markdown that is no page of the site: the reader gets the file."""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

__all__ = ["files_outside", "setup"]

LINK = re.compile(r"\]\((\.\./[^)#:\s]+\.md)\)")


def files_outside(text: str, folder: Path, pages: Path) -> str:
    """Return a page whose links to Markdown outside the folder of all pages name files.

    Parameters
    ----------
    text : str
        The page, in Markdown.
    folder, pages : Path
        Where the page stands, and where all pages do.

    Examples
    --------
    >>> files_outside("[Set up](../CONTRIBUTING.md)", Path("docs"), Path("docs"))
    '[Set up](path:../CONTRIBUTING.md)'
    """

    def named(link: re.Match[str]) -> str:
        inside = (folder / link[1]).resolve().is_relative_to(pages.resolve())
        return link[0] if inside else f"](path:{link[1]})"

    return LINK.sub(named, text)


def process(app: Sphinx, docname: str, content: list[str]) -> None:
    """Change a page when it is read."""
    folder = Path(app.env.doc2path(docname)).parent
    content[0] = files_outside(content[0], folder, app.srcdir)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Listen to pages that are read."""
    app.connect("source-read", process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
