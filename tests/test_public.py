"""The public names: each is documented, tested and importable without the command line."""

from __future__ import annotations

import doctest
import importlib
import importlib.metadata
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import crnn

MODULES = ["crnn", *sorted(f"crnn.{found.name}" for found in pkgutil.iter_modules(crnn.__path__))]
IMPORTABLE = [name for name in MODULES if name != "crnn.__main__"]


def test_all_lists_every_public_name() -> None:
    assert len(set(crnn.__all__)) == len(crnn.__all__)
    public = {
        name
        for name, value in vars(crnn).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert public | {"__version__"} == set(crnn.__all__)


@pytest.mark.parametrize("name", crnn.__all__)
def test_every_public_name_is_documented_and_tested(name: str) -> None:
    if name != "__version__":
        assert inspect.getdoc(getattr(crnn, name))
    others = [path for path in Path(__file__).parent.rglob("test_*.py") if path != Path(__file__)]
    uses = re.compile(rf"\bcrnn(\.\w+)*\.{name}\b|\bimport\b.*\b{name}\b")
    here = {"get_include", "__version__", "isa"}  # tested in this file
    assert name in here or any(uses.search(path.read_text("utf-8")) for path in others)


@pytest.mark.parametrize("name", [n for n in crnn.__all__ if inspect.isclass(getattr(crnn, n))])
def test_every_public_method_is_documented(name: str) -> None:
    for attribute, value in vars(getattr(crnn, name)).items():
        if not attribute.startswith("_") and (callable(value) or isinstance(value, property)):
            assert inspect.getdoc(value), f"{name}.{attribute}"


@pytest.mark.parametrize("name", IMPORTABLE)
def test_examples_of_docstrings_run(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert outcome.failed == 0


def test_compiled_docstrings_have_examples_that_run() -> None:
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    examples = finder.find(crnn.isa, "isa", globs={})
    assert sum(runner.run(example).attempted for example in examples) > 0
    assert runner.summarize(verbose=False).failed == 0


def test_import_is_light() -> None:
    code = "import crnn, sys; print(sorted({'click', 'rich', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_version_is_the_distributions() -> None:
    assert crnn.__version__ == importlib.metadata.version("crnn")
    assert crnn.isa() in crnn.core.available_isas()


def test_the_header_is_where_get_include_says() -> None:
    header = Path(crnn.get_include()) / "kernels.h"
    assert "The caller owns all memory" in header.read_text("utf-8")
