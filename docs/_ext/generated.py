"""Directives whose content a program makes of a source, each in a file of its own beside this."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

__all__ = ["Generated"]


class Generated(SphinxDirective):
    """A directive that stands for the lines of reStructuredText which `lines` returns."""

    required_arguments = 1

    def lines(self) -> list[str]:
        """Return the lines; the argument says of what."""
        raise NotImplementedError

    def text_of(self, path: Path | None = None) -> str:
        """Return the text of a file, whose changes will be noticed.

        Parameters
        ----------
        path : Path, optional
            The file; by default the argument, seen from the page.
        """
        if path is None:
            path = Path(self.env.relfn2path(self.arguments[0])[1])
        self.env.note_dependency(str(path))
        return path.read_text("utf-8")

    def run(self) -> list[nodes.Node]:
        """Return what stands in place of the directive."""
        content = StringList(self.lines(), source=" ".join([self.name, *self.arguments]))
        node = nodes.container()
        self.state.nested_parse(content, self.content_offset, node)
        return cast(list[nodes.Node], node.children)
