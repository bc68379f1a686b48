"""The package: every name is documented, and every example runs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil

import pytest

from crnn import corpus

MODULES = [f"crnn.corpus.{found.name}" for found in pkgutil.iter_modules(corpus.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert outcome.failed == 0


@pytest.mark.parametrize("module", ["crnn.corpus", *MODULES])
def test_public_names_are_documented(module: str) -> None:
    names = importlib.import_module(module)
    for name in names.__all__:
        value = getattr(names, name)
        assert inspect.getdoc(value), name
