"""Nothing wasted: training allocates nothing on its way, and no more than is said at its start."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from crnn import core
from crnn.descent import Optimizer
from crnn.text import Text
from crnn.training import Training

# Counts every allocation of the process, Python's and ours.
COUNTER = """
#include <stdatomic.h>
#include <stddef.h>
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
static atomic_long calls;
long counted(void) { return atomic_load(&calls); }
void *malloc(size_t n) { calls++; return __libc_malloc(n); }
void *calloc(size_t n, size_t size) { calls++; return __libc_calloc(n, size); }
void *realloc(void *p, size_t n) { calls++; return __libc_realloc(p, n); }
void *memalign(size_t a, size_t n) { calls++; return __libc_memalign(a, n); }
void *aligned_alloc(size_t a, size_t n) { calls++; return __libc_memalign(a, n); }
int posix_memalign(void **p, size_t a, size_t n)
{
    calls++;
    *p = __libc_memalign(a, n);
    return *p ? 0 : 12;
}
"""

COUNTED = """
import ctypes, gc, sys
import numpy as np
from crnn import core
from crnn.descent import Optimizer
from crnn.text import Text
from crnn.training import Training

counted = ctypes.CDLL(None).counted
counted.restype = ctypes.c_long
gc.disable()
before = counted()
one_allocation = [object()]
assert counted() > before, "the counter does not count"
indices = np.random.default_rng(1).integers(0, 23, 2000, dtype=np.int32)
whole, apart = Text(indices, 23), Text(indices, 23, np.arange(0, 2000, 50))
everything = {"clip_norm": 1.0, "weight_decay": 0.1}
for optimizer, text, dropout, options in (
    ("adagrad", whole, 0.0, {}), ("adam", whole, 0.0, {}), ("adamw", apart, 0.2, everything)
):
    for threads in (1, 2):
        net = core.Net(23, 67, False)
        rule = Optimizer(optimizer, learning_rate=0.01, clip=5.0, **options)
        training = Training(net, text, 40, 7, rule, dropout, np.random.PCG64(1), threads)
        assert training.threads == threads
        calls = []
        for windows in (1, 1, 300, 1, 300, 2):
            before = counted()
            training.run(windows)
            calls.append(counted() - before)
        print(optimizer, threads, *calls[1:])
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="replaces functions of glibc")
def test_a_window_allocates_nothing(tmp_path: Path) -> None:
    """What a call of run takes, starting threads included, does not depend on how many windows."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    assert compiler, "a C compiler is needed: install gcc or clang"
    source, library = tmp_path / "counter.c", tmp_path / "counter.so"
    source.write_text(COUNTER)
    subprocess.run([compiler, "-shared", "-fPIC", source, "-o", library], check=True)
    environment = os.environ | {"LD_PRELOAD": str(library), "PYTHONMALLOC": "malloc"}
    done = subprocess.run(
        [sys.executable, "-c", COUNTED],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) == 6
    for optimizer, threads, *calls in lines:
        assert len(set(calls)) == 1, (optimizer, threads, calls)


@pytest.mark.parametrize(
    ("V", "H", "T", "B", "double", "optimizer", "threads"),
    [
        (65, 100, 25, 1, False, "adagrad", 1),  # the notebook's
        (65, 100, 25, 32, False, "adam", 8),
        (200, 256, 50, 16, True, "adam", 1),
        (96, 128, 64, 8, False, "adagrad", 2),
        (65, 512, 100, 64, False, "adam", 2),
        (1000, 64, 25, 4, False, "adam", 1),
        (27, 16, 5, 1, False, "adagrad", 1),
        (27, 17, 5, 1, True, "adagrad", 1),
        (65, 32, 25, 2, False, "adam", 1),
        (33, 64, 25, 1, True, "adam", 1),
    ],
)
def test_a_training_takes_the_memory_that_is_said(
    V: int, H: int, T: int, B: int, double: bool, optimizer: str, threads: int
) -> None:
    """Parameters, gradients, what the optimizer remembers, both matrices in the other order, and
    every step of every stream, in columns that are padded to an odd number of cache lines.
    """
    itemsize = 8 if double else 4
    text = np.zeros(B * (T + 2) + 5000, np.int32)
    tracemalloc.start()
    try:
        net = core.Net(V, H, double)
        rule = Optimizer(optimizer, learning_rate=0.1, clip=5.0)
        training = Training(net, Text(text, V), T, B, rule, threads=threads)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    ldh, ldv = padded(H, itemsize), padded(V, itemsize)
    parameters = (V + H + 1) * ldh + (H + 1) * ldv
    remembered = {"adagrad": 1, "adam": 2}[optimizer]
    window = B * T * (2 * ldh + ldv + 1) + B * ldh
    indices = len(text) + 2 * B * T + B + training.threads * (B * T + 2 * V)
    fixed = 2500  # bytes: alignment of the blocks, and the objects themselves
    said = (parameters * (3 + remembered) + window) * itemsize + 4 * indices + fixed
    assert parameters < peak <= said
    if H >= 100:  # padding is at most a fifth: the same of the elements alone
        parameters = 2 * H * V + H * H + H + V
        window = B * T * (2 * H + V + 1) + B * H
        elements = parameters * (3.2 + remembered) + 1.2 * window
        assert peak <= elements * itemsize + 4 * indices + fixed


def padded(n: int, itemsize: int) -> int:
    """Return the elements of a column of n: whole cache lines, an odd number of them."""
    return ((n * itemsize + 63) // 64 | 1) * 64 // itemsize
