"""tools/suite.py: which tests run where."""

from __future__ import annotations

import ast
import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import suite

ROOMS = (suite.TESTS, suite.ROOT / "tools", suite.ROOT / "docs" / "_ext")
PACKAGES = {"docutils", "jsonschema", "latex2mathml", "matplotlib", "nbclient", "nbformat", "onnx"}
PACKAGES |= {"onnxruntime", "pandas", "pyarrow", "selenium", "sklearn", "sphinx", "tensorboardX"}
PACKAGES |= {"gmpy2", "markdown_it", "mpmath", "torch", "cmake", "cython"}
UNIX = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}
UNIX |= {"bash", "cc", "clang", "cmake", "gcc", "nm", "sh"}
STARTING = {"map", "run", "which", "Popen"}
"""Functions among whose arguments a program is named."""


def file_of(module: str) -> Path | None:
    """Return the file of a module of the tests, the tools or the site, if it is one."""
    paths = (room.joinpath(*module.split(".")) for room in ROOMS)
    files = (file for path in paths for file in (path.with_suffix(".py"), path / "__init__.py"))
    return next(filter(Path.is_file, files), None)


def imports(statements: Iterator[ast.AST]) -> set[str]:
    """Return the modules that these statements may import."""
    names = set()
    for node in statements:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def started(tree: ast.AST) -> Iterator[str]:
    """Yield the words that are given to what starts programs, but for tests that may be skipped."""
    for node in ast.iter_child_nodes(tree):
        if any("skipif" in ast.unparse(it) for it in getattr(node, "decorator_list", ())):
            continue
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in STARTING:
            inside = (it for word in node.args for it in ast.walk(word))
            yield from (str(it.value) for it in inside if isinstance(it, ast.Constant))
        yield from started(node)


@functools.cache
def uses(file: Path, whole: bool = True) -> frozenset[str]:
    """Return what a file runs and imports, at its beginning or anywhere, also by modules of ours.

    Of those, what their functions import does not count: they say what is missing themselves.
    """
    tree = ast.parse(file.read_text("utf-8"))
    names = imports(ast.walk(tree) if whole else iter(tree.body))
    ours = {path for path in map(file_of, names) if path and path != file}
    found = {name.partition(".")[0] for name in names} | set(started(tree))
    return frozenset(found.union(*(uses(path, False) for path in ours)))


@pytest.mark.parametrize(
    ("listed", "special", "whole"), [(suite.MORE, PACKAGES, True), (suite.POSIX, UNIX, False)]
)
def test_what_is_listed_is_what_needs_more(
    listed: dict[str, str], special: set[str], whole: bool
) -> None:
    files = suite.part("whole", "posix")
    assert len(files) > 100
    needs = {file: uses(suite.TESTS / file, whole) & special for file in files}
    assert {file: found for file, found in needs.items() if found and file not in listed} == {}
    assert {file: it for file, it in listed.items() if it not in needs[file]} == {}


def test_what_a_tool_imports_is_what_its_test_needs(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("from pages import blocks\nimport generated\n")
    assert {"markdown_it", "docutils"} <= uses(tmp_path / "test_a.py")
    (tmp_path / "test_b.py").write_text("""
def test_one():
    subprocess.run(["sh", "-c", "true"])
@pytest.mark.skipif(os.name == "nt", reason="a reason")
def test_two():
    subprocess.run(["bash"])
""")
    assert {"sh", "bash"} & uses(tmp_path / "test_b.py") == {"sh"}


WITHOUT = """
import sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name in {missing} else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
"""
"""A module that Python imports when it starts; the packages cannot be found then."""


@pytest.mark.long
def test_the_core_passes_without_any_package_that_only_extras_bring(tmp_path: Path) -> None:
    missing = sorted(PACKAGES - {"cmake", "markdown_it"})  # a program; what rich brings
    (tmp_path / "sitecustomize.py").write_text(WITHOUT.format(missing=missing))
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, suite.__file__, "core", "-q"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert " passed" in done.stdout


def test_each_part_is_in_the_one_before() -> None:
    whole, core, quick = (set(suite.part(name, "posix")) for name in ("whole", "core", "quick"))
    assert quick < core < whole
    assert whole - core == set(suite.MORE) | set(suite.INSIDE)
    assert set(suite.part("core", "nt")) == core - set(suite.POSIX)
