"""The C file: compiled by several rules, it has the model's bits, and writes the model's text."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exchange.models import difference, logits, random_model

import crnn
from crnn.exchange import ExchangeError, export

COMPILER = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
C99 = ["-std=c99", "-O2", *STRICT]
CPP = ["-x", "c++", "-std=c++17", "-O1", *STRICT]
LIBERAL = ["-std=gnu11", "-O3", "-march=native", "-ffp-contract=fast"]
DTYPES = pytest.mark.parametrize("dtype", ["float32", "float64"])


def compiled(source: Path, out: Path, *options: str) -> Path:
    assert COMPILER is not None, "a C compiler is needed: install gcc or clang"
    words = [COMPILER, *options, str(source), "-x", "none", "-lm", "-o", str(out)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return out


def program(folder: Path, model: crnn.RNN, *options: str) -> Path:
    export(model, folder / "m.c")
    return compiled(folder / "m.c", folder / "m", "-DMODEL_MAIN", *options)


def library(folder: Path, model: crnn.RNN, options: Sequence[str] = C99) -> Any:
    export(model, folder / "m.c")
    made = ctypes.CDLL(str(compiled(folder / "m.c", folder / "m.so", "-shared", "-fPIC", *options)))
    made.model_sample.argtypes = [
        *(ctypes.c_void_p, ctypes.c_int),
        *(ctypes.c_double, ctypes.c_double, ctypes.c_void_p),
    ]
    return made


def at(array: Any) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


@DTYPES
@pytest.mark.parametrize(
    ("V", "H", "factor", "options"),
    [(1, 1, 1, C99), (16, 7, 30, CPP), (65, 100, 1, C99), (90, 33, 5, LIBERAL)],
)
def test_probabilities_have_the_same_bits(
    tmp_path: Path, V: int, H: int, factor: float, options: list[str], dtype: str
) -> None:
    model = random_model(V, H, dtype, factor=factor)
    made = library(tmp_path, model, options)
    h, p, y = np.full(H, 9, dtype), np.empty(V, dtype), np.empty(V, dtype)
    made.model_reset(at(h))
    state = model.state()
    assert made.model_next(at(h), -1, at(p)) == 0
    assert p.tobytes() == state.feed("").tobytes()
    for x in np.random.default_rng(1).integers(0, V, 60).tolist():
        assert made.model_next(at(h), x, at(p)) == 0
        assert p.tobytes() == state.feed(x).tobytes()
        assert h.tobytes() == state.h.tobytes()
        made.model_logits(at(h), at(y))
        expected = (model.Why @ state.h + model.by)[:, 0]
        assert difference(y, expected) <= (1e-5 if dtype == "float32" else 1e-12)
    before = h.copy(), p.copy()
    assert made.model_next(at(h), V, at(p)) == made.model_next(at(h), -2, at(p)) == -1
    assert np.array_equal(h, before[0])
    assert np.array_equal(p, before[1])


@DTYPES
@pytest.mark.parametrize("options", [C99, CPP, LIBERAL], ids=["c99", "c++", "liberal"])
def test_the_program_writes_what_sample_writes(
    tmp_path: Path, options: list[str], dtype: str
) -> None:
    model = random_model(40, 21, dtype)
    made = program(tmp_path, model, *options)
    for seed, temperature in ((0, 1.0), (1, 0.5), (2**32 - 1, 3.0), (2**63 + 5, 1e-3), (7, 0.0)):
        words = [str(made), "2000", str(seed), str(temperature)]
        out = subprocess.run(words, capture_output=True, check=True).stdout
        text = model.sample(2000, seed=seed, temperature=temperature)
        assert out == text.encode("utf-8", "surrogateescape")


def test_the_program_says_what_is_wrong(tmp_path: Path) -> None:
    made = program(tmp_path, random_model(3, 2, "float32"), *C99)
    for words in (
        [],
        *(["5", "1", "1", "1"], ["5", "1", "-1"], ["5", "1", "1e999"], ["5", "1", "nan"]),
        *(["5", "1", "x"], ["5", "1", ""], ["5", "1", "1x"]),
        *(["5", "18446744073709551616"], ["5", "-1"], ["5", "x"], ["5", ""], ["5", "1.5"]),
        *(["-5"], ["x"], ["5x"], [" 5"], ["+5"], ["18446744073709551616"]),
    ):
        done = subprocess.run([str(made), *words], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert "LENGTH [SEED [TEMPERATURE]]" in done.stderr
        assert "whole numbers below 2^64" in done.stderr
    out = subprocess.run([str(made), "0", str(2**64 - 1)], capture_output=True, check=True).stdout
    assert out == b""


def test_what_sample_refuses(tmp_path: Path) -> None:
    made = library(tmp_path, random_model(5, 4, "float64"))
    h, p = np.zeros(4), np.empty(5)
    for x, temperature, coin in (
        (5, 1, 0.5),
        (0, -1, 0.5),
        (0, np.nan, 0.5),
        (0, 1, 1),
        (0, 1, -1),
    ):
        assert made.model_sample(at(h), x, temperature, coin, at(p)) == -1
    h[0] = np.nan
    assert made.model_sample(at(h), 0, 1, 0.5, at(p)) == -1


def test_characters(tmp_path: Path) -> None:
    model = random_model(9, 4, "float32")
    made = library(tmp_path, model)
    out = ctypes.create_string_buffer(4)
    for x, char in enumerate(model.vocab.chars):
        assert made.model_index(ord(char)) == x
        length = made.model_utf8(x, out)
        assert out.raw[:length] == char.encode("utf-8", "surrogateescape")
    assert made.model_index(ord("Ж")) == -1
    assert made.model_utf8(9, out) == made.model_utf8(-1, out) == 0


def test_two_models_in_one_program(tmp_path: Path) -> None:
    models = {"ab": random_model(5, 4, "float32"), "cd_2": random_model(9, 3, "float64", seed=1)}
    for name, model in models.items():
        export(model, tmp_path / f"{name}.c", name=name)
    (tmp_path / "both.c").write_text(
        """
        #include <stdio.h>
        #define AB_DECLARATIONS_ONLY
        #include "ab.c"
        #define CD_2_DECLARATIONS_ONLY
        #include "cd_2.c"
        int main(void) {
            ab_state a; ab_real p[AB_V]; cd_2_state b; cd_2_real q[CD_2_V];
            ab_reset(&a); cd_2_reset(&b);
            ab_next(&a, 1, p); cd_2_next(&b, 2, q);
            return printf("%a %a", p[3], q[4]) < 0;
        }
        """
    )
    sources = [str(tmp_path / f"{name}.c") for name in models]
    made = compiled(tmp_path / "both.c", tmp_path / "both", *C99, *sources)
    out = subprocess.run([str(made)], capture_output=True, text=True, check=True).stdout
    a, b = models.values()
    p, q = a.state().feed(1), b.state().feed(2)
    assert [float.fromhex(word) for word in out.split()] == [float(p[3]), float(q[4])]


def test_the_head_tells_the_sizes(tmp_path: Path) -> None:
    model = random_model(65, 100, "float32")
    export(model, tmp_path / "m.c")
    head = (tmp_path / "m.c").read_text("ascii").partition("*/")[0]
    numbers = sum(getattr(model, name).size for name in crnn.model.PARAMETERS)
    assert f"{4 * numbers + 4 * 65:,} bytes of parameters and vocabulary" in head
    assert "400 bytes for each state, 260 for probabilities" in head
    assert "16,500 for each character" in head
    assert max(map(len, (tmp_path / "m.c").read_text("ascii").splitlines())) <= 100


@pytest.mark.parametrize("options", [["-ffast-math"], ["-Ofast"]])
def test_arithmetic_that_is_another_is_refused(tmp_path: Path, options: list[str]) -> None:
    export(random_model(3, 2, "float32"), tmp_path / "m.c")
    words = [str(COMPILER), *options, "-c", str(tmp_path / "m.c"), "-o", str(tmp_path / "m.o")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "compile without -ffast-math" in done.stderr


@pytest.mark.parametrize("name", ["", "Model", "2nd", "a-b", "é", "x" * 32, "a;", None])
def test_names_that_c_does_not_have(tmp_path: Path, name: Any) -> None:
    with pytest.raises(ExchangeError, match=r"name is .*, expected up to 31 lowercase letters"):
        export(random_model(3, 2, "float32"), tmp_path / "m.c", name=name)


def test_several_steps_at_once_are_the_models(tmp_path: Path) -> None:
    model = random_model(27, 16, "float64", factor=3)
    made = library(tmp_path, model)
    x = np.random.default_rng(3).integers(0, 27, (100, 1))
    h, p, y = np.zeros(16), np.empty(27), np.empty((100, 1, 27))
    for t in range(100):
        made.model_next(at(h), int(x[t, 0]), at(p))
        made.model_logits(at(h), at(y[t]))
    assert difference(y, logits(model, x)[0]) <= 1e-12
