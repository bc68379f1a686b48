"""What is wider than a phone scrolls in itself; by the keyboard, too: it can have the focus."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

__all__ = ["focusable", "setup"]

SCROLLING = ("<pre>", '<div class="table-wrapper')


def focusable(html: str) -> str:
    """Return a page whose code and tables can have the focus.

    Examples
    --------
    >>> focusable("<pre>crnn train book.txt</pre>")
    '<pre tabindex="0">crnn train book.txt</pre>'
    """
    for begin in SCROLLING:
        name, _, rest = begin.removesuffix(">").partition(" ")
        html = html.replace(begin, f'{name} tabindex="0"{f" {rest}" if rest else ">"}')
    return html


def process(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Change a page before it is written."""
    if "body" in context:
        context["body"] = focusable(context["body"])


def setup(app: Sphinx) -> ExtensionMetadata:
    """Listen to pages that are about to be written."""
    app.connect("html-page-context", process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
