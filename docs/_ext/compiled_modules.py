"""Compiled modules: names and signatures out of the stubs beside them, words out of themselves.

A compiler leaves no signatures behind, so autodoc is told what each stub says.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from generated import Generated
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

import crnn

__all__ = ["page", "setup", "signature"]


def page(module: str, stub: str) -> list[str]:
    r"""Return all that the stub of a module names as lines of reStructuredText.

    Examples
    --------
    >>> print("\n".join(page("crnn.core", "def isa() -> str: ...")).strip())
    .. automodule:: crnn.core
    <BLANKLINE>
    .. autofunction:: crnn.core.isa() -> str
    """
    lines = [f".. automodule:: {module}", ""]
    body = ast.parse(stub).body
    whole = _whole_names(module, body)
    for node in body:
        if isinstance(node, ast.FunctionDef):
            lines += [f".. autofunction:: {module}.{node.name}{signature(node, whole)}", ""]
        elif isinstance(node, ast.ClassDef):
            lines += _class(whole[node.name], node, whole)
    return lines


def _whole_names(module: str, body: list[ast.stmt]) -> dict[str, str]:
    """Return where each class that a stub defines or imports comes from."""
    names = {}
    for node in body:
        if isinstance(node, ast.ClassDef):
            names[node.name] = f"{module}.{node.name}"
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _class(name: str, node: ast.ClassDef, whole: dict[str, str]) -> Iterator[str]:
    methods = [method for method in node.body if isinstance(method, ast.FunctionDef)]
    made = next((signature(method, whole) for method in methods if method.name == "__new__"), "")
    yield from (f".. autoclass:: {name}{made.partition(' -> ')[0]}", "")
    for method in methods:
        if not method.decorator_list and not method.name.startswith("_"):
            yield f"   .. automethod:: {name}.{method.name}{signature(method, whole)}"
            yield ""
        elif any(ast.unparse(decorator) == "property" for decorator in method.decorator_list):
            yield f"   .. autoattribute:: {name}.{method.name}"
            yield ""


def signature(node: ast.FunctionDef, whole: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return arguments and result of a function.

    Parameters
    ----------
    node : ast.FunctionDef
        The function. Its arguments lose their types: the docstring says them in words.
    whole : mapping of str to str
        Whole names of classes.

    Examples
    --------
    >>> signature(ast.parse("def feed(self, x: int, p: Array = None) -> None: ...").body[0])
    '(x, p=None) -> None'
    """
    arguments = node.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        argument.annotation = None
    if arguments.args and arguments.args[0].arg in ("self", "cls"):
        del arguments.args[0]
    result = ast.unparse(node.returns) if node.returns else ""
    returned = f" -> {whole.get(result, result)}" if result else ""
    return f"({ast.unparse(arguments)}){returned}"


class CompiledModule(Generated):
    """``.. compiled-module:: crnn.core``: all that a compiled module has."""

    def lines(self) -> list[str]:
        """Return the entries."""
        module = self.arguments[0]
        stub = (Path(crnn.__file__).parent / module.rpartition(".")[2]).with_suffix(".pyi")
        return page(module, self.text_of(stub))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive to Sphinx."""
    app.add_directive("compiled-module", CompiledModule)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
