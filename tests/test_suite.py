"""tools/suite.py: which tests run where."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import suite

OPTIONAL = {"jsonschema", "matplotlib", "nbclient", "nbformat", "onnx", "onnxruntime", "pandas"}
OPTIONAL |= {"pyarrow", "sklearn", "tensorboardX", "torch"}
OPTIONAL |= {"docutils", "gmpy2", "latex2mathml", "markdown_it", "mpmath", "selenium", "sphinx"}
UNIX = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}


PLACES = (suite.TESTS, suite.ROOT / "tools", suite.ROOT / "docs" / "_ext")
"""Where tests find modules that nobody installs: pythonpath in pyproject.toml."""


def imported(file: str, whole: bool) -> set[str]:
    """Return the packages that a file of tests imports, itself or by modules of ours.

    Parameters
    ----------
    file : str
        Its path within tests/.
    whole : bool
        Whether what its functions import counts, too; of other modules it never does.
    """
    tree = ast.parse((suite.TESTS / file).read_text("utf-8"))
    packages, seen = set[str](), set[Path]()
    waiting = list(names_in(ast.walk(tree) if whole else tree.body))
    while waiting:
        name = waiting.pop()
        packages.add(name.partition(".")[0])
        for path in set(files_of(name)) - seen:
            seen.add(path)
            waiting += names_in(ast.parse(path.read_text("utf-8")).body)
    return packages


def names_in(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield what statements import: modules, and names in them that may be modules."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files_of(name: str) -> Iterator[Path]:
    """Yield the files of ours that are run when a name is imported."""
    parts = name.split(".")
    for place in PLACES:
        for end in range(1, len(parts) + 1):
            module = place.joinpath(*parts[:end])
            for path in (module.with_name(module.name + ".py"), module / "__init__.py"):
                if path.is_file():
                    yield path


def test_what_is_not_listed_needs_nothing_more() -> None:
    files = suite.part("whole", "posix")
    assert len(files) > 100
    for file in files:
        assert bool(imported(file, whole=True) & OPTIONAL) == (file in suite.MORE), file
        assert bool(imported(file, whole=False) & UNIX) == (file in suite.POSIX), file


def test_what_a_module_of_ours_needs_is_needed() -> None:
    assert {"pages", "markdown_it"} <= imported("test_blocks.py", whole=False)
    assert {"pages", "pandas"} <= imported("test_pages.py", whole=False)
    assert "markdown_it" not in imported("test_core.py", whole=True)


def test_the_lists_name_files_and_what_those_import() -> None:
    for listed in (suite.MORE, suite.POSIX):
        wrong = [file for file, it in listed.items() if it not in imported(file, whole=True)]
        assert wrong == []


def test_each_part_is_in_the_one_before() -> None:
    whole, core, quick = (set(suite.part(name, "posix")) for name in ("whole", "core", "quick"))
    assert quick < core < whole
    assert set(suite.part("core", "nt")) == core - set(suite.POSIX)
