"""The public names: each is documented, tested and importable without the command line."""

from __future__ import annotations

import ast
import doctest
import importlib
import importlib.metadata
import importlib.util
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import crnn

MODULES = ["crnn", *sorted(f"crnn.{found.name}" for found in pkgutil.iter_modules(crnn.__path__))]
EXTRAS = {"crnn.sklearn": "sklearn", "crnn.tensorboard": "tensorboardX"}
"""Modules whose examples need a package that an extra of the same name brings."""
LACKING = {name for name, package in EXTRAS.items() if importlib.util.find_spec(package) is None}
IMPORTABLE = [name for name in MODULES if name not in {"crnn.__main__", *LACKING}]


def run(code: str) -> str:
    """Return what a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_all_lists_every_public_name() -> None:
    assert len(set(crnn.__all__)) == len(crnn.__all__)
    assert {*crnn._ROOMS, "isa"} == set(crnn.__all__)
    assert set(crnn.__all__) <= set(dir(crnn))
    visible = {name for name in dir(crnn) if not name.startswith("_")}
    modules = {name for name in visible if inspect.ismodule(getattr(crnn, name))}
    assert visible - modules == set(crnn.__all__) - {"__version__"}
    scope: dict[str, object] = {}
    exec("from crnn import *", scope)
    assert set(crnn.__all__) <= set(scope)


def test_type_checkers_see_each_name_where_it_comes_from() -> None:
    tree = ast.parse(Path(crnn.__file__).read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    seen = {
        alias.name: str(node.module)
        for node in imports
        if str(node.module).startswith("crnn.")
        for alias in node.names
    }
    loaded = {name: f"crnn.{room}" for name, room in crnn._ROOMS.items() if name != "__version__"}
    assert seen == {**loaded, "isa": "crnn.core"}


@pytest.mark.parametrize("name", ["core", "model", "trainer", "checks", "corpus"])
def test_modules_are_attributes(name: str) -> None:
    assert run(f"import crnn; print(crnn.{name}.__name__)") == f"crnn.{name}"


@pytest.mark.parametrize(
    "name",
    ["nothing", "_nothing", "__wrapped__", "..os", "", "sampling.batch", "TYPE_CHECKING", "Final"],
)
def test_other_names_are_missing(name: str) -> None:
    with pytest.raises(AttributeError, match=re.escape(f"module 'crnn' has no attribute '{name}'")):
        getattr(crnn, name)


def test_an_error_inside_a_module_is_not_a_missing_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "crnn.machine", raising=False)
    monkeypatch.delattr(crnn, "machine", raising=False)
    monkeypatch.setitem(sys.modules, "platform", None)
    with pytest.raises(ModuleNotFoundError, match="platform"):
        crnn.machine  # noqa: B018


def test_threads_that_ask_at_once_get_one_class() -> None:
    code = """
import crnn, sys, threading
sys.setswitchinterval(1e-6)
found, barrier = [], threading.Barrier(8)
def ask():
    barrier.wait()
    found.append((crnn.Trainer, crnn.RNN, crnn.compress))
threads = [threading.Thread(target=ask) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(found), len(set(found)))
"""
    assert run(code) == "8 1"


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


@pytest.mark.parametrize("name", EXTRAS)
def test_only_a_module_that_names_its_extra_is_left_out_without_it(name: str) -> None:
    code = f"""
import doctest, importlib, sys
sys.modules[{EXTRAS[name]!r}] = None
doctest.testmod(importlib.import_module({name!r}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    extra = name.removeprefix("crnn.")
    assert f"pip install 'crnn[{extra}]'" in done.stdout + done.stderr


def test_compiled_docstrings_have_examples_that_run() -> None:
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    examples = finder.find(crnn.isa, "isa", globs={})
    assert sum(runner.run(example).attempted for example in examples) > 0
    assert runner.summarize(verbose=False).failed == 0


NEVER = {"click", "rich", "matplotlib", "platformdirs", "asyncio", "multiprocessing"}
HEAVY = {"importlib.metadata", "crnn.checks", "crnn.accuracy", "crnn.digests", "crnn.uses"}
WRITING = {"crnn.trainer", "crnn.corpus", "crnn.codec", "crnn.analysis", "crnn.exchange"}


@pytest.mark.parametrize(
    ("name", "unwanted"),
    [
        ("__name__", NEVER | HEAVY | WRITING | {"safetensors", "crnn.model"}),
        ("bind", NEVER | HEAVY | WRITING | {"safetensors", "crnn.model"}),
        ("RNN", NEVER | HEAVY | WRITING),
        ("Trainer", (NEVER | HEAVY | {"crnn.codec"}) - {"platformdirs"}),
    ],
)
def test_import_is_light(name: str, unwanted: set[str]) -> None:
    code = f"import crnn, sys; crnn.{name}; print(*sys.modules)"
    assert not unwanted & set(run(code).split())


def test_the_command_line_loads_no_command_to_say_what_there_is() -> None:
    code = "import sys, crnn.cli; print(*sys.modules)"
    assert not {"crnn.model", "importlib.metadata", "rich.progress"} & set(run(code).split())


def test_version_is_the_distributions() -> None:
    assert crnn.__version__ == importlib.metadata.version("crnn")
    assert crnn.isa() in crnn.core.available_isas()


def test_the_header_is_where_get_include_says() -> None:
    header = Path(crnn.get_include()) / "kernels.h"
    assert "The caller owns all memory" in header.read_text("utf-8")
