"""tools/suite.py: which tests run where."""

from __future__ import annotations

import ast

import suite

OPTIONAL = {"jsonschema", "matplotlib", "nbclient", "nbformat", "onnx", "onnxruntime", "pandas"}
OPTIONAL |= {"pyarrow", "sklearn", "tensorboardX", "torch"}
UNIX = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}


def imported(file: str, whole: bool) -> set[str]:
    """Return the modules that a file of tests imports: at its beginning, or anywhere."""
    tree = ast.parse((suite.TESTS / file).read_text("utf-8"))
    names: list[str | None] = []
    for node in ast.walk(tree) if whole else tree.body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module)
    return {name.partition(".")[0] for name in names if name}


def test_what_is_not_listed_needs_nothing_more() -> None:
    files = suite.part("whole", "posix")
    assert len(files) > 100
    for file in files:
        assert bool(imported(file, whole=True) & OPTIONAL) == (file in suite.MORE), file
        assert bool(imported(file, whole=False) & UNIX) == (file in suite.POSIX), file


def test_the_lists_name_files_and_what_those_import() -> None:
    for listed in (suite.MORE, suite.POSIX):
        wrong = [file for file, it in listed.items() if it not in imported(file, whole=True)]
        assert wrong == []


def test_each_part_is_in_the_one_before() -> None:
    whole, core, quick = (set(suite.part(name, "posix")) for name in ("whole", "core", "quick"))
    assert quick < core < whole
    assert set(suite.part("core", "nt")) == core - set(suite.POSIX)
