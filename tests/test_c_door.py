"""The kernels in programs of others: by one command, by CMake, in C and in C++."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from pages.blocks import blocks_in, blocks_run_by

import crnn
from crnn import headers

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "c_embed"
STRICT = ["-Wall", "-Wextra", "-pedantic", "-Werror"]
COMPILERS = [path for path in map(shutil.which, ("gcc", "clang")) if path]
LANGUAGES = {"C11": ["-std=c11"], "C++17": ["-x", "c++", "-std=c++17"]}


def run(*words: str | Path, cwd: Path, **variables: str) -> str:
    environment = {**os.environ, **variables}
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def commands_of(readme: Path) -> list[str]:
    found = blocks_in(readme.read_text("utf-8"), readme.name)
    return [block.code for block in found if block.treatment == "sh"]


@pytest.fixture
def model() -> crnn.RNN:
    """One whose predictions are far from uniform."""
    model = crnn.RNN("abcdefghijklmnopq", hidden_size=21, seed=1)
    for name in ("Wxh", "Whh", "Why"):
        getattr(model, name)[...] *= 100
    return model


def predicts_the_same(program: Path, model: crnn.RNN, indices: Sequence[int]) -> bool:
    """Tell whether the example's program has the bits of the model."""
    weights = program.parent / "weights.f32"
    parameters = [model.Wxh, model.Whh, model.Why, model.bh, model.by]
    np.concatenate([array.ravel(order="F") for array in parameters]).tofile(weights)
    sizes = [str(len(model.vocab)), str(model.hidden_size)]
    printed = run(program, weights, *sizes, *map(str, indices), cwd=program.parent)
    p = np.array(printed.split(), np.float32)
    return p.tobytes() == model.state().feed(list(indices)).tobytes()


def with_python(folder: Path) -> str:
    """Return a PATH on which `python` is this one."""
    program = folder / "bin" / "python"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    return f"{program.parent}{os.pathsep}{os.environ['PATH']}"


def test_the_commands_of_the_readme_run(tmp_path: Path) -> None:
    example = shutil.copytree(EXAMPLE, tmp_path / "c_embed")
    commands = commands_of(example / "README.md")
    assert len(commands) == 2
    script = "set -eu\n" + "".join(commands)
    printed = run("sh", "-c", script, cwd=example, PATH=with_python(tmp_path))
    p = [float(word) for word in printed.split()]
    assert len(p) == 3
    assert sum(p) == pytest.approx(1)
    assert predicts_the_same(example / "step", crnn.RNN("abc", hidden_size=16, seed=1), (0, 1, 2))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("compiler", COMPILERS)
def test_strict_compilers_take_it(
    tmp_path: Path, model: crnn.RNN, compiler: str, language: str
) -> None:
    words = [compiler, *LANGUAGES[language], *STRICT, str(EXAMPLE / "step.c"), "-x", "none"]
    library = [f"-I{crnn.get_include()}", crnn.get_library(), "-lm"]
    run(*words, *library, "-o", tmp_path / "step", cwd=tmp_path)
    assert predicts_the_same(tmp_path / "step", model, [3, 1, 4, 1, 5, 9, 2, 6])


def test_the_program_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    library = [f"-I{crnn.get_include()}", crnn.get_library(), "-lm"]
    run(COMPILERS[0], EXAMPLE / "step.c", *library, "-o", tmp_path / "step", cwd=tmp_path)
    np.zeros(5, np.float32).tofile(tmp_path / "zeros")
    for arguments, why in {
        "w 3 16": "sizes are from 1 to 9999",
        "w 10000 16 1": "sizes are from 1 to 9999",
        "w 3 16 1": "w: usage: step WEIGHTS V H INDEX...",
        "zeros 1 2 0": "zeros: usage: step WEIGHTS V H INDEX...",
        "zeros 1 1 1": "an index is from 0 to V - 1",
        "zeros 1 1 a": "an index is from 0 to V - 1",
        "zeros 1 1 0x": "an index is from 0 to V - 1",
        "zeros 1 1 -1": "an index is from 0 to V - 1",
        "zeros 1 1 4294967296": "an index is from 0 to V - 1",
        "zeros 1x 1 0": "sizes are from 1 to 9999",
    }.items():
        words = [str(tmp_path / "step"), *arguments.split()]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert why in done.stderr


def built_by_cmake(folder: Path, *options: str) -> Path:
    """Return the example's program, built where find_package(crnn) has to find crnn."""
    build = folder / "build-step"
    run("cmake", "-S", EXAMPLE, "-B", build, "-DCMAKE_BUILD_TYPE=Release", *options, cwd=folder)
    run("cmake", "--build", build, cwd=folder)
    return build / "step"


def test_cmake_finds_what_is_installed_with_python(tmp_path: Path, model: crnn.RNN) -> None:
    program = built_by_cmake(tmp_path, f"-Dcrnn_DIR={crnn.get_cmake_dir()}")
    assert predicts_the_same(program, model, [7, 7, 7])


def test_an_installation_without_a_library_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headers, "_HERE", tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no library of the kernels in"):
        crnn.get_library()


def test_the_page_shows_what_the_example_has() -> None:
    step, compiling, project, installing = (block.code for block in blocks_run_by(__file__))
    assert step in (EXAMPLE / "step.c").read_text("utf-8")
    assert compiling == commands_of(EXAMPLE / "README.md")[0]
    assert project in (EXAMPLE / "CMakeLists.txt").read_text("utf-8")
    assert "-DCRNN_PYTHON=OFF" in installing  # run below


@pytest.mark.long
def test_cmake_finds_what_a_checkout_installs(tmp_path: Path, model: crnn.RNN) -> None:
    prefix = tmp_path / "prefix"
    installing = blocks_run_by(__file__)[-1].code.replace("-S .", f"-S '{ROOT}'")
    run("sh", "-euc", installing, cwd=tmp_path, PREFIX=str(prefix))
    moved = prefix.rename(tmp_path / "moved")  # it names no place of its own
    program = built_by_cmake(tmp_path, f"-DCMAKE_PREFIX_PATH={moved}")
    assert predicts_the_same(program, model, [7, 7, 7])
