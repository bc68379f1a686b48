"""`crnn import`: a model that samples like the one it came from, or no file."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli.endless import Endless
from cli.processes import run
from click.testing import CliRunner

import crnn as package
from crnn.cli import main
from crnn.exchange import to_bytes
from crnn.model import PARAMETERS


@pytest.mark.parametrize("file", ["x.npz", "x.safetensors"])
def test_a_model_comes_back(crnn: Any, trained: Path, file: str) -> None:
    to = "npz" if file == "x.npz" else "torch"
    assert crnn("export", str(trained), "--to", to, "-o", file).exit_code == 0
    result = crnn("import", file, "-o", "again.safetensors")
    assert result.exit_code == 0
    size = len(package.load(trained).vocab)
    assert result.stderr == (
        f"Saved    again.safetensors ({size} characters, hidden size 8, float32)\n"
    )
    words = ("--length", "50", "--seed", "3")
    assert (
        crnn("sample", "again.safetensors", *words).stdout
        == crnn("sample", str(trained), *words).stdout
    )


@pytest.fixture
def notebook(trained: Path) -> package.RNN:
    """Save the arrays of a model without its characters, as notebook.npz."""
    model = package.load(trained)
    arrays: dict[str, Any] = {name: getattr(model, name) for name in PARAMETERS}
    np.savez("notebook.npz", **arrays)
    return model


def test_characters_from_a_file(crnn: Any, notebook: package.RNN) -> None:
    result = crnn("import", "notebook.npz", "-o", "m.safetensors")
    assert result.exit_code == 1
    assert "give them, in their order, as chars (--chars FILE)" in result.stderr
    Path("chars").write_bytes(notebook.vocab.chars.encode())
    assert crnn("import", "notebook.npz", "-o", "m.safetensors", "--chars", "chars").exit_code == 0
    assert package.load("m.safetensors").vocab == notebook.vocab


@pytest.mark.parametrize(
    ("chars", "expected"),
    [
        (b"ab", "chars has 2 characters, but the arrays are of"),
        (b"\xff", "--chars 'chars' is not in UTF-8"),
        (b"", "chars is empty"),
        (b"x" * (4 * 0x110000 + 1), "--chars 'chars' is longer than all characters there are"),
        (None, "--chars 'chars' cannot be read: No such file"),
    ],
)
def test_characters_that_are_wrong(
    crnn: Any, notebook: package.RNN, chars: bytes | None, expected: str
) -> None:
    if chars is not None:
        Path("chars").write_bytes(chars)
    before = os.listdir()
    result = crnn("import", "notebook.npz", "-o", "m.safetensors", "--chars", "chars")
    assert result.exit_code == 1
    assert expected in result.stderr
    assert os.listdir() == before


def test_what_wrong_words_get(crnn: Any, trained: Path) -> None:
    before = sorted(os.listdir())
    for words, status, expected in (
        (["book.txt", "-o", "m"], 1, "is no archive of numpy.savez, no file of torch.save and no"),
        (["model.safetensors", "-o", "m"], 1, "is a crnn model already: use it as it is"),
        (["nowhere", "-o", "m"], 1, "'nowhere' cannot be read: No such file"),
        (["book.txt"], 2, "Missing option '-o' / '--output'"),
    ):
        result = crnn("import", *words)
        assert result.exit_code == status
        assert expected in result.stderr
    assert sorted(os.listdir()) == before


def test_a_model_does_not_replace_what_it_is_made_of(crnn: Any, notebook: package.RNN) -> None:
    Path("chars").write_bytes(notebook.vocab.chars.encode())
    os.symlink("notebook.npz", "link")
    before = {path: Path(path).read_bytes() for path in os.listdir()}
    for output, what in (("notebook.npz", "FILE"), ("link", "FILE"), ("./chars", "--chars")):
        result = crnn("import", "notebook.npz", "-o", output, "--chars", "chars")
        assert result.exit_code == 1
        assert f"'{output}' is {what} itself: write to another file, with -o" in result.stderr
    assert {path: Path(path).read_bytes() for path in os.listdir()} == before


def test_something_without_end_is_no_file_of_another_program(folder: Path) -> None:
    endless = Endless()
    words = ["import", "-", "-o", "m.safetensors"]
    result = CliRunner().invoke(main, words, input=io.BufferedReader(endless))
    assert result.exit_code == 1
    assert "'standard input' is no archive of numpy.savez" in result.stderr
    assert endless.given < 1 << 16


def test_in_pipes(trained: Path, folder: Path) -> None:
    data = to_bytes(package.load(trained), "npz")
    (folder / "whole").write_bytes(data)
    (folder / "cut").write_bytes(data[:-40])
    with open("whole", "rb") as file:
        status, out, err = run("import", "-", "-o", "-", folder=folder, stdin=file)
    assert (status, err) == (0, "")
    assert package.RNN.from_bytes(out).hidden_size == 8
    with open("cut", "rb") as file:
        status, out, err = run("import", "-", "-o", "-", folder=folder, stdin=file)
    assert (status, out) == (1, b"")
    assert err.startswith("Error: 'standard input' is damaged")


def test_a_model_does_not_go_to_a_terminal(
    crnn: Any, notebook: package.RNN, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crnn.cli.import_.in_terminal", lambda: True)
    result = crnn("import", "notebook.npz", "-o", "-")
    assert result.exit_code == 2
    assert "a model is nothing to read: -o MODEL, or a pipe" in result.stderr
