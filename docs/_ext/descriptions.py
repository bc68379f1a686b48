"""What a search engine says of a page: its first paragraph, where the page says nothing else."""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

__all__ = ["description", "setup"]

MOST = 160  # characters


def description(page: nodes.document) -> str:
    """Return the first paragraph that stands by itself, cut after a word; nothing if none does."""
    for paragraph in page.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section | addnodes.desc_content):
            words = " ".join(paragraph.astext().split())
            return words if len(words) <= MOST else words[:MOST].rpartition(" ")[0] + "..."
    return ""


def process(
    app: Sphinx,
    pagename: str,
    template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Add the description to a page before it is written."""
    said = 'name="description"' in context.get("metatags", "")
    if doctree is not None and not said and (words := description(doctree)):
        context["metatags"] += f'\n<meta name="description" content="{escape(words)}" />'


def setup(app: Sphinx) -> ExtensionMetadata:
    """Listen to pages that are about to be written."""
    app.connect("html-page-context", process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
