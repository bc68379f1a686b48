"""The package: its two functions, their errors, and the examples of all its modules."""

from __future__ import annotations

import doctest
import importlib
import inspect
import os
import pkgutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exchange.models import random_model, same
from hypothesis import given
from hypothesis import strategies as st

import crnn
import crnn.exchange
from crnn.exchange import ExchangeError, export, from_bytes, import_model, to_bytes

MODULES = [f"crnn.exchange.{found.name}" for found in pkgutil.iter_modules(crnn.exchange.__path__)]
MODEL = random_model(9, 5, "float32")


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("module", ["crnn.exchange", *MODULES])
def test_public_names_are_documented(module: str) -> None:
    names = importlib.import_module(module)
    for name in names.__all__:
        assert inspect.getdoc(getattr(names, name)), name


@pytest.mark.parametrize("file", ["m.npz", "m.onnx", "m.c", "m.safetensors"])
def test_the_same_model_gives_the_same_file(tmp_path: Path, file: str) -> None:
    path = tmp_path / file
    to = "torch" if file == "m.safetensors" else None
    size = export(MODEL, path, to)
    first = path.read_bytes()
    assert len(first) == size
    export(MODEL, path, to, keep=True)
    assert path.read_bytes() == first
    assert sorted(os.listdir(tmp_path)) == [file, f"{file}.bak"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("file", ["m.npz", "m.safetensors"])
def test_a_model_comes_back_as_it_was(tmp_path: Path, file: str, dtype: str) -> None:
    model = random_model(70, 33, dtype)
    model.by[0] = -0.0
    export(model, tmp_path / file, to="npz" if file == "m.npz" else "torch")
    assert same(import_model(tmp_path / file), model)


@pytest.mark.parametrize("format_", ["npz", "torch"])
@given(st.sets(st.integers(0, 0x10FFFF), min_size=1, max_size=40))
def test_any_characters_come_back(format_: str, points: set[int]) -> None:
    vocab = crnn.Vocab.from_code_points(sorted(points))
    model = crnn.RNN(vocab, hidden_size=2)
    assert same(from_bytes(to_bytes(model, format_)), model)


@pytest.mark.parametrize(
    ("file", "to", "expected"),
    [
        ("m.txt", None, "ending says no format: expected .onnx, .pt, .pth, .npz, .c, or to="),
        ("m.safetensors", None, "ending says no format"),
        ("m.safetensors", None, "onnx, torch, npz, c (--to), for .safetensors torch"),
        ("m.c", "npz", "ending says c, but to is 'npz' (--to): change one"),
        ("m.npz", ["npz"], "to is ['npz'], expected one of onnx"),
        ("m.npz", "zip", "to is 'zip', expected one of onnx, torch, npz, c"),
        ("m.npz", "torch", "path ends in '.npz', expected for torch .pt, .pth or .safetensors"),
    ],
)
def test_what_wrong_formats_get(tmp_path: Path, file: str, to: Any, expected: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        export(MODEL, tmp_path / file, to)
    assert expected in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_what_is_no_file_is_a_type_error() -> None:
    for data in (None, "abc", 7):
        name = type(data).__name__
        with pytest.raises(TypeError, match=f"data is of type {name}, expected bytes"):
            from_bytes(data)  # type: ignore[arg-type]
    for path in (None, 7):
        with pytest.raises(TypeError, match="expected a str or a path"):
            import_model(path)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="expected a str or a path"):
            export(MODEL, path)  # type: ignore[arg-type]
    with pytest.raises(ExchangeError, match=r"to is \['npz'\], expected one of onnx"):
        to_bytes(MODEL, ["npz"])  # type: ignore[arg-type]
    with pytest.raises(ExchangeError, match="name is 'zz', but only c has names, not npz"):
        to_bytes(MODEL, "npz", name="zz")
    whole = to_bytes(MODEL, "npz")
    for kind in (bytearray(whole), memoryview(whole)):
        assert same(from_bytes(kind), MODEL)


def test_only_models_are_exported(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="model is of type str, expected an RNN"):
        export("m.safetensors", tmp_path / "m.npz")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_model_that_predicts_nothing_is_not_exported(tmp_path: Path, value: float) -> None:
    model = random_model(3, 2, "float64")
    model.Whh[0, 1] = value
    with pytest.raises(ExchangeError, match="Whh holds NaN or infinity"):
        export(model, tmp_path / "m.npz")
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"m\.npz' cannot be written: there is no folder"):
        export(MODEL, tmp_path / "nowhere" / "m.npz")


@pytest.mark.parametrize(
    ("package", "file", "words"),
    [
        ("onnx", "m.onnx", r"pip install 'crnn\[onnx\]'"),
        ("torch", "m.pt", r"pip install 'crnn\[torch\]'; a \.safetensors file needs none"),
    ],
)
def test_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, file: str, words: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=words):
        export(MODEL, tmp_path / file)
    assert os.listdir(tmp_path) == []


def test_files_that_are_no_model(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with pytest.raises(FileNotFoundError, match=r"'.*x' cannot be read: No such file"):
        import_model(path)
    with pytest.raises(IsADirectoryError, match="cannot be read: it is a folder"):
        import_model(tmp_path)
    for data in (b"", b"to be, or not to be", bytes(100), b"\x80\x02}q\x00."):
        path.write_bytes(data)
        with pytest.raises(ExchangeError, match=r"is no archive of numpy\.savez, no file of torch"):
            import_model(path)
