"""`crnn export`: the right file at the right place, or none."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from cli.processes import run

import crnn as package
from crnn.exchange import export, to_bytes


@pytest.mark.parametrize(
    ("words", "file", "to"),
    [
        (["--to", "npz"], "model.npz", "npz"),
        (["--to", "onnx", "-o", "x.bin"], "x.bin", "onnx"),
        (["-o", "x.onnx"], "x.onnx", None),
        (["--to", "torch", "-o", "x.safetensors"], "x.safetensors", "torch"),
        (["--to", "c"], "model.c", "c"),
    ],
)
def test_the_file_is_what_python_writes(
    crnn: Any, trained: Path, words: list[str], file: str, to: str | None
) -> None:
    result = crnn("export", "model.safetensors", *words)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr.startswith(f"Saved    {file} (")
    data = Path(file).read_bytes()
    export(package.load(trained), file, to)
    assert Path(file).read_bytes() == data


def test_names_in_c(crnn: Any, trained: Path) -> None:
    assert crnn("export", str(trained), "-o", "t.c", "--name", "tutor").exit_code == 0
    code = Path("t.c").read_text("ascii")
    assert "int tutor_next(tutor_state *state, int x, tutor_real *p);" in code
    assert "model_" not in code.lower().replace("tutor_", "")


def test_a_file_that_is_there_is_kept_once(crnn: Any, trained: Path, folder: Path) -> None:
    (folder / "model.npz").write_bytes(b"old")
    crnn("export", str(trained), "--to", "npz")
    assert (folder / "model.npz.bak").read_bytes() == b"old"
    assert package.exchange.import_model(folder / "model.npz").hidden_size == 8


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        ([], 2, "say in which format: --to, or -o with an ending that does"),
        (["--to", "zip"], 2, "'zip' is not one of 'onnx', 'torch', 'npz', 'c'"),
        (["-o", "m.txt"], 1, "ending says no format: expected .onnx, .pt"),
        (["--to", "torch", "-o", "m.bin"], 1, "path ends in '.bin', expected for torch .pt, .pth"),
        (["--to", "torch", "-o", "model.safetensors"], 1, "'model.safetensors' is MODEL itself"),
        (["--to", "torch", "-o", "link"], 1, "'link' is MODEL itself"),
        (["--to", "c", "--name", "A"], 1, "name is 'A', expected up to 31 lowercase letters"),
        (["--to", "npz", "--name", "zz"], 1, "name is 'zz', but only c has names, not npz"),
        (["--to", "npz", "-o", "x.c"], 1, "ending says c, but to is 'npz' (--to)"),
        (["--to", "c", "-o", "x.safetensors"], 1, "ending says torch, but to is 'c' (--to)"),
        (["-o", "nowhere/m.npz"], 1, "'nowhere/m.npz' cannot be written: there is no folder"),
        (["-o", "m.onnx"], 1, "ONNX files need onnx: pip install 'crnn[onnx]'"),
        (["--to", "torch"], 1, "files of torch.save need PyTorch: pip install 'crnn[torch]'"),
    ],
)
def test_what_wrong_words_get(
    crnn: Any,
    trained: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    status: int,
    expected: str,
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setitem(sys.modules, "torch", None)
    os.symlink("model.safetensors", "link")
    before = {path: Path(path).read_bytes() for path in os.listdir()}
    result = crnn("export", "model.safetensors", *words)
    assert result.exit_code == status
    assert expected in result.stderr
    assert {path: Path(path).read_bytes() for path in os.listdir()} == before


def test_a_model_that_is_none(crnn: Any, trained: Path) -> None:
    for name in ("book.txt", "nowhere"):
        result = crnn("export", name, "-o", "m.npz")
        assert result.exit_code == 1
        assert not Path("m.npz").exists()


def test_in_pipes(trained: Path, folder: Path) -> None:
    for to in ("c", "npz", "torch"):
        words = ("export", "-", "--to", to, "-o", "-")
        with trained.open("rb") as model:
            status, out, err = run(*words, folder=folder, stdin=model)
        assert (status, err) == (0, "")
        assert out == to_bytes(package.load(trained), to)
    status, out, err = run("export", "-", "--to", "c", folder=folder)
    assert (status, out) == (2, b"")
    assert "say where it goes: -o FILE, or -o - for standard output" in err


def test_nothing_but_c_goes_to_a_terminal(
    crnn: Any, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crnn.cli.export.in_terminal", lambda: True)
    result = crnn("export", str(trained), "--to", "npz", "-o", "-")
    assert result.exit_code == 2
    assert "npz is nothing to read: -o FILE, or a pipe" in result.stderr
    assert crnn("export", str(trained), "--to", "c", "-o", "-").stdout.startswith("/* model.c - ")
