"""What other compiled programs see of crnn: what is promised, and the example that uses it."""

from __future__ import annotations

import difflib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages.blocks import blocks_run_by
from signatures import MODULES, RECORD, declared, described, interface

import crnn

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "cython_embed"
TEXT = "to be or not to be, that is the question. "
TEXTS = [TEXT, "to eb ro ton", "", "bbbb????", TEXT * 9, "t", ""]
CHECK = """
import sys, crnn, numpy as np, surprising
assert crnn.__file__.startswith(sys.argv[1]) and surprising.__file__.startswith(sys.argv[1])
model, texts = crnn.load("model.safetensors"), open("texts.txt").read().splitlines()
found = [int((model.score(text).nats > 2.5).sum()) for text in texts]
for threads in (1, 2, 2**31 - 1):
    assert surprising.count_surprising(model, texts, 2.5, threads=threads).tolist() == found
print(sum(found))
"""


PROMISED = """
# cython: language_level=3
from libc.stdint cimport int32_t
from crnn.core cimport State

def nats_of(State state not None, Py_ssize_t b, const int32_t[::1] x):
    return [state.score_one(b, x[i]) for i in range(x.shape[0])]

def fed(State state not None, const int32_t[::1] x, Py_ssize_t itemsize):
    p = bytearray(state.net.S.V * itemsize)
    cdef unsigned char[::1] room = p
    for i in range(x.shape[0]):
        state.feed_one(x[i], &room[0])
    return bytes(p)
"""


def run(*words: str | Path, cwd: Path, **variables: str) -> str:
    environment = {**os.environ, **variables}
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def trained(dtype: str = "float32") -> crnn.RNN:
    model = crnn.RNN(crnn.Vocab.from_text(TEXT + "?"), hidden_size=20, dtype=dtype, seed=1)
    crnn.Trainer(model, TEXT * 20, learning_rate=0.1).train(200)
    return model


def test_what_is_exported_is_what_is_recorded() -> None:
    recorded, found = RECORD.read_text("utf-8"), described()
    changes = difflib.unified_diff(recorded.splitlines(), found.splitlines(), "recorded", "found")
    assert found == recorded, (
        "\n".join(changes) + "\nIf this is meant: python tools/signatures.py --record, "
        "and a line in CHANGELOG.md, for others have to compile their programs anew."
    )


def test_heads_of_inline_functions_are_recorded() -> None:
    text = """
cdef inline real dot(const crnn_tables* K, Py_ssize_t n, const real* x,  # a vector
                     const real* y) noexcept nogil:
    if real is float:
        return K.f32.dot(n, x, y)
"""
    (head,) = declared(text)
    lines = [
        "cdef inline real dot(const crnn_tables* K, Py_ssize_t n, const real* x,",
        "const real* y) noexcept nogil",
    ]
    assert [line.strip() for line in head.splitlines()] == lines
    assert re.findall("(?m)^cdef inline .* dot[(]", RECORD.read_text("utf-8"))


@pytest.mark.parametrize("module", MODULES)
def test_the_interface_needs_nothing_that_is_not_installed(module: str) -> None:
    lines = interface(module).read_text("utf-8").splitlines()
    needed = {line.split()[1] for line in lines if line.startswith(("from crnn", "cimport crnn"))}
    assert needed <= {f"crnn.{name}" for name in MODULES}


def compiled(source: Path, folder: Path) -> Any:
    """Return a .pyx file as a module, made against the crnn that is imported here."""
    name, c_file = source.stem, folder / "module.c"
    library = folder / (name + str(sysconfig.get_config_var("EXT_SUFFIX")))
    cc = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    assert cc, "a C compiler is needed: install gcc or clang"
    where = str(Path(crnn.__file__).parent.parent)
    run(sys.executable, "-m", "cython", "-I", where, source, "-o", c_file, cwd=folder)
    includes = [f"-I{sysconfig.get_path('include')}", f"-I{crnn.get_include()}"]
    run(cc, "-O0", "-shared", "-fPIC", *includes, c_file, "-o", library, cwd=folder)
    spec = importlib.util.spec_from_file_location(name, library)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.long
def test_what_the_page_shows_feeds_a_state(tmp_path: Path) -> None:
    model = trained()
    feeds, _ = blocks_run_by(__file__)
    (tmp_path / "shown.pyx").write_text(feeds.code, "utf-8")
    shown = compiled(tmp_path / "shown.pyx", tmp_path)
    state, p = model.state(), np.empty(len(model.vocab), np.float32)
    for x in model.vocab.encode(TEXT).tolist():
        shown.feed(state.core, x, p)
    assert p.tobytes() == model.state().feed(TEXT).tobytes()
    for wrong in (
        (state.core, len(p), p),
        (state.core, -1, p),
        (state.core, 0, p[1:]),
        (model.states(4).core, 0, p),
        (trained("float64").state().core, 0, p),
    ):
        with pytest.raises(ValueError, match="expected one float32 state"):
            shown.feed(*wrong)


@pytest.mark.long
def test_what_the_page_shows_calls_a_kernel(tmp_path: Path) -> None:
    model = trained()
    _, softens = blocks_run_by(__file__)
    (tmp_path / "softens.pyx").write_text(softens.code, "utf-8")
    module, state = compiled(tmp_path / "softens.pyx", tmp_path), model.state()
    y = state.logprobs()
    module.soften(state.core, y, 1.0)
    np.testing.assert_allclose(y, state.probs(), rtol=1e-5)
    for wrong in ((y[:0], 1.0), (y, 0.0), (y, float("nan"))):
        with pytest.raises(ValueError, match="expected at least one logit"):
            module.soften(state.core, *wrong)


@pytest.mark.long
def test_the_states_that_a_model_gives_can_be_scored_and_fed(tmp_path: Path) -> None:
    (tmp_path / "promised.pyx").write_text(PROMISED, "utf-8")
    promised = compiled(tmp_path / "promised.pyx", tmp_path)
    for dtype in ("float32", "float64"):
        model = trained(dtype)
        x = model.vocab.encode(TEXT)
        nats, p = model.score(TEXT).nats, model.state().feed(TEXT)
        assert promised.nats_of(model.state().core, 0, x) == nats.tolist()
        many = model.states(130)  # more than are fed at once
        for b in (129, 0, 64):
            assert promised.nats_of(many.core, b, x) == nats.tolist()
            assert many.probs()[b].tobytes() == p.tobytes()
        few = model.states(4)
        assert promised.fed(few.core, x, model.dtype.itemsize) == p.tobytes()
        assert few.probs()[0].tobytes() == p.tobytes()
        assert few.probs()[1:].tobytes() == model.states(3).probs().tobytes()


@pytest.mark.long
def test_the_example_counts_by_the_nats_of_the_score(tmp_path: Path) -> None:
    surprising = compiled(EXAMPLE / "surprising.pyx", tmp_path)
    for dtype in ("float32", "float64"):
        model = trained(dtype)
        scores = [model.score(text).nats for text in TEXTS]
        for limit in {0.0, 2.5, *np.concatenate(scores)[::5].tolist()}:
            expected = [int((nats > limit).sum()) for nats in scores]
            assert surprising.count_surprising(model, TEXTS, limit, threads=3).tolist() == expected
    assert surprising.count_surprising(model, [], 1.0).shape == (0,)
    assert surprising.count_surprising(model, ["", ""], 1.0).tolist() == [0, 0]
    with pytest.raises(ValueError, match="threads is 0, expected at least 1"):
        surprising.count_surprising(model, TEXTS, 1.0, threads=0)
    with pytest.raises(
        ValueError, match=r"texts\[1\] has a character .* '#' U\+0023 .* position 2"
    ):
        surprising.count_surprising(model, ["to", "be#"], 1.0)
    with pytest.raises(TypeError, match="texts is a str, expected a sequence"):
        surprising.count_surprising(model, TEXT, 1.0)


def test_the_example_depends_on_the_version_that_it_is_compiled_for() -> None:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))
    major, minor, *_ = crnn.__version__.split(".")
    version = f"crnn == {major}.{minor}.*"
    assert version in (ROOT / "docs" / "howto" / "embed_cython.md").read_text("utf-8")
    for needed in (project["build-system"]["requires"], project["project"]["dependencies"]):
        assert version.replace(" ", "") in needed


def built_wheel(folder: Path) -> Path:
    """Return the wheel that CRNN_WHEEL names, or one that is built of this checkout."""
    if "CRNN_WHEEL" in os.environ:
        return Path(os.environ["CRNN_WHEEL"])
    options = ["--no-build-isolation", "--no-deps", "--wheel-dir", str(folder)]
    run(sys.executable, "-m", "pip", "wheel", *options, str(ROOT), cwd=folder)
    return next(folder.glob("crnn-*.whl"))


def tools_visible(python: Path, folder: Path) -> None:
    """Let an environment see what builds here, after what is installed there: without a network."""
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    here = [path for path in sys.path if path.endswith("site-packages")]
    there = Path(run(python, "-c", ask, cwd=folder).strip())
    (there / "tools.pth").write_text("\n".join(here), "utf-8")


def crnn_of(build: Path) -> Path:
    """Return the folder in which a build by CMake found crnn."""
    (found,) = re.findall("(?m)^crnn_DIR:PATH=(.*)$", (build / "CMakeCache.txt").read_text("utf-8"))
    return Path(found).resolve()


@pytest.mark.long
def test_the_example_builds_against_a_wheel(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    tools_visible(python, tmp_path)
    install = [
        str(python),
        "-m",
        "pip",
        "install",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
    ]
    # pip sees a crnn beside the tools as well, and would take it for this one.
    run(*install, "--ignore-installed", built_wheel(tmp_path), cwd=tmp_path)
    model, elsewhere = trained(), tmp_path / "elsewhere"
    elsewhere.mkdir()
    model.save(elsewhere / "model.safetensors")
    (elsewhere / "texts.txt").write_text("\n".join(TEXTS), "utf-8")
    programs = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    for options in ([], ["-Ccmake.define.CMAKE_DISABLE_FIND_PACKAGE_OpenMP=ON"]):
        source = shutil.copytree(EXAMPLE, tmp_path / f"source-{len(options)}")
        kept = ["--force-reinstall", f"-Cbuild-dir={source / 'build'}"]
        run(*install, *kept, *options, source, cwd=tmp_path, PATH=programs)
        assert crnn_of(source / "build").is_relative_to((tmp_path / "venv").resolve())
        assert int(run(python, "-c", CHECK, str(tmp_path), cwd=elsewhere)) > 0
