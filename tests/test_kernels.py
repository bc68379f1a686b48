"""The C tests of the kernels, built and run: every kernel, type, size and table."""

from __future__ import annotations

import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.long  # a kernel under work is tried by ctest: see CONTRIBUTING.md


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kernels")
    cmake = shutil.which("cmake")
    assert cmake, "cmake is missing: pip install '.[test]' brings it"
    run(cmake, "-S", ROOT, "-B", folder, "-G", "Ninja", "-DCRNN_PYTHON=OFF", "-DCRNN_TESTS=ON")
    run(cmake, "--build", folder)
    return folder


def test_c_tests_pass(build: Path) -> None:
    output = run("ctest", "--test-dir", build, "--output-on-failure", "--no-tests=error")
    assert "100% tests passed" in output


def test_kernels_use_no_function_of_the_c_library_but_fma_and_memory(build: Path) -> None:
    allowed = {"fma", "fmaf", "memcpy", "memset", "memmove", "strcmp", "_GLOBAL_OFFSET_TABLE_"}
    symbols = run("nm", "--undefined-only", next(build.glob("*crnn_kernels.a"))).split()
    undefined = {symbol for kind, symbol in pairwise(symbols) if kind == "U"}
    assert {symbol for symbol in undefined if not symbol.startswith("crnn_")} <= allowed
