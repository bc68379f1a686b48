"""Docstrings as they are written: what is set apart keeps its lines, names lead to crnn's."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.typing import ExtensionMetadata

__all__ = ["keep_lines", "setup"]

RULE = re.compile(r"-{3,}")
SUBSTITUTION = re.compile(
    r"\|([^ |][^|]*)\|"
)  # docutils' mark; in these docstrings, an absolute value


def keep_lines(lines: list[str]) -> list[str]:
    """Return a docstring in which indented blocks before its first section are literal.

    Examples
    --------
    >>> keep_lines(["A net.", "", "    h = tanh(z)", "", "Parameters", "----------", "    x : int"])
    ['A net.', '', '::', '', '    h = tanh(z)', '', 'Parameters', '----------', '    x : int']
    """
    kept: list[str] = []
    in_block = in_section = False
    for number, line in enumerate(lines):
        in_section = (
            in_section or RULE.fullmatch("".join(lines[number + 1 : number + 2])) is not None
        )
        indented = line.startswith("    ")
        follows = not kept or not kept[-1]
        if indented and follows and not (in_block or in_section or _is_directive(kept)):
            kept += ["::", ""]
            in_block = True
        elif line and not indented:
            in_block = False
        kept.append(line)
    return kept


def _is_directive(lines: list[str]) -> bool:
    """Tell whether the last line that is not empty begins a block by itself."""
    last = next((line for line in reversed(lines) if line), "")
    return last.endswith("::")


def process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Let docutils see the lines of a docstring so."""
    lines[:] = [SUBSTITUTION.sub(r"\|\1\|", line) for line in keep_lines(lines)]


def found_in_crnn(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.Element
) -> nodes.Element | None:
    """Return what a short name such as `Trainer` stands for in a module that does not have it."""
    if (
        node.get("refdomain") != "py"
        or "." in node["reftarget"].split("(")[0].rpartition("crnn.")[0]
    ):
        return None
    domain = env.domains.python_domain
    return domain.resolve_xref(
        env, node["refdoc"], app.builder, "obj", f"crnn.{node['reftarget']}", node, contnode
    )


def setup(app: Sphinx) -> ExtensionMetadata:
    """Listen to autodoc, before numpydoc, and to names that lead nowhere."""
    app.connect("autodoc-process-docstring", process, priority=100)
    app.connect("missing-reference", found_in_crnn)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
