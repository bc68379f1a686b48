"""The caller's floating-point mode: it changes no result, and it is the caller's afterwards."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile import MODES, hostile, needs_modes

import crnn
from crnn import core, digests, initial
from crnn.descent import Optimizer
from crnn.model import PARAMETERS
from crnn.text import Text
from crnn.training import Training, bits_per_char

pytestmark = needs_modes
EACH_MODE = pytest.mark.parametrize("mode", MODES)


CASES = [case for case in digests.cases() if case.quick and case.V < 60]


def test_the_modes_are_really_set() -> None:
    """Otherwise nothing here would show anything."""
    third = {"upward": "0x1.5555555555556p-2", "downward": "0x1.5555555555555p-2"}
    one, three, tiny = (ctypes.c_double(x) for x in (1.0, 3.0, 5e-324))
    for mode, wanted in third.items():
        with hostile(mode):
            got = one.value / three.value
        assert got.hex() == wanted
    with hostile("zero"):
        got = -one.value / three.value
    assert got.hex() == "-0x1.5555555555555p-2"
    with hostile("ftz"):
        got = tiny.value * 2**52
    assert got == 0


@EACH_MODE
@pytest.mark.parametrize("threads", [1, 2])
def test_every_digest_is_the_promised_one(mode: str, threads: int) -> None:
    """First weights, training in several threads, samples, predictions, the drop-in's lossFun."""
    for case in CASES:
        if threads > 1 and case.B == 1:
            continue
        with hostile(mode):
            arrays = digests.outcome(case, threads=threads)
        assert digests.wrong_arrays(case, arrays) == [], case.name


@pytest.fixture
def model() -> crnn.RNN:
    """One with subnormal biases, made while the mode is the default one."""
    model = crnn.RNN("abcde", hidden_size=9, dtype="float64", seed=4)
    model.bh[:, 0] = np.ldexp(5e-324, np.arange(9))
    return model


def sampled(model: crnn.RNN) -> Any:
    return model.sample(60, prime="ab", temperature=0.7, seed=3)


def fed(model: crnn.RNN) -> Any:
    state = model.state()
    return state.feed("abcab").tobytes() + state.h.tobytes()


def fed_together(model: crnn.RNN) -> Any:
    states = model.states(3)
    p = states.feed("abc").tobytes() + states.logprobs().tobytes()
    return p + states.h.tobytes() + states[1].logprobs().tobytes()


def in_the_other_type(model: crnn.RNN) -> Any:
    narrow = model.astype("float32")
    return narrow.bh.tobytes() + narrow.Whh.tobytes() + narrow.astype("float64").Whh.tobytes()


def trained(model: crnn.RNN) -> Any:
    settings: dict[str, Any] = {"seq_length": 5, "report_every": 3, "sample_every": 7, "seed": 5}
    trainer = crnn.Trainer(model, "abcdeabdce" * 9, **settings)
    reports: list[Any] = []
    trainer.train(20, callback=reports.append)
    numbers = [(r.smooth_loss.hex(), r.bits_per_char.hex(), r.sample) for r in reports]
    return [model.Whh.tobytes(), trainer.history.tobytes(), numbers]


def dropped_in(model: crnn.RNN) -> Any:
    lossFun, sample = crnn.bind(*(np.array(getattr(model, name)) for name in PARAMETERS))
    loss, *arrays = lossFun([0, 1, 2], [1, 2, 3], np.zeros((9, 1)))
    np.random.seed(1)  # the drop-in draws as the reference does
    return [loss.hex(), *(array.tobytes() for array in arrays), sample(arrays[-1], 2, 50)]


def drawn(model: crnn.RNN) -> Any:
    return crnn.RNN(model.vocab, hidden_size=9, dtype="float32", seed=6).Wxh.tobytes()


def saved(model: crnn.RNN) -> Any:
    path = Path("m.safetensors")
    model.save(path)
    return path.read_bytes() + crnn.load(path).bh.tobytes()


def resumed(model: crnn.RNN) -> Any:
    path, text = Path("m.safetensors"), "abcdeabdce" * 9
    crnn.Trainer(model, text, seq_length=5, learning_rate=0.003, seed=5).save(path)
    trainer = crnn.Trainer.resume(path, text)
    trainer.train(10)
    trainer.save("again.safetensors")
    return path.read_bytes() + Path("again.safetensors").read_bytes()


def long_trained(model: crnn.RNN) -> Any:
    """Until the first of Adam's powers is subnormal, which is at 6724 windows."""
    trainer = crnn.Trainer(
        model, "abcdeabdce" * 9, seq_length=1, optimizer="adam", learning_rate=0.003, seed=5
    )
    trainer.train(6740)
    trainer.save("m.safetensors")
    return Path("m.safetensors").read_bytes()


def in_bits(model: crnn.RNN) -> Any:
    return bits_per_char(46.2, 25).hex()


def copy_of(model: crnn.RNN) -> crnn.RNN:
    arrays = [np.array(getattr(model, name)) for name in PARAMETERS]
    return crnn.RNN.from_arrays(model.vocab, *arrays)


WORKS = [
    sampled, fed, fed_together, in_the_other_type, trained, dropped_in, drawn, saved, resumed,
    long_trained, in_bits,
]  # fmt: skip


@EACH_MODE
@pytest.mark.parametrize("work", WORKS)
def test_the_public_doors_are_guarded(
    mode: str, work: Callable[[crnn.RNN], Any], model: crnn.RNN, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    wanted = work(copy_of(model))
    again = copy_of(model)
    with hostile(mode):
        got = work(again)
    assert got == wanted


@EACH_MODE
def test_a_training_with_a_subnormal_rate_goes_on(
    mode: str, model: crnn.RNN, tmp_path: Path
) -> None:
    path, text = tmp_path / "m.safetensors", "abcdeabdce" * 9
    crnn.Trainer(model, text, seq_length=5, learning_rate=1e-310).save(path)
    calm = crnn.Trainer.resume(path, text)
    with hostile(mode):
        trainer = crnn.Trainer.resume(path, text)
        trainer.train(10)
    calm.train(10)
    assert trainer.model.by.tobytes() == calm.model.by.tobytes()
    assert calm.model.by.any()


def test_flags_of_exceptions_are_the_callers_afterwards() -> None:
    net = core.Net(5, 6, False)
    initial.draw_weights(net, np.random.PCG64(1))
    text = Text(np.arange(30, dtype=np.int32) % 5, 5)
    training = Training(net, text, 4, 1, Optimizer("adagrad", learning_rate=0.1, clip=5.0))
    libm = ctypes.CDLL(None)
    libm.feclearexcept(-1)
    training.run(3)  # inexact at least
    assert libm.fetestexcept(-1) == 0


TRAPS = """
import ctypes
from crnn import digests
libm = ctypes.CDLL(None)
INVALID, DIVIDE, OVERFLOW = 1, 4, 8     # of this processor's fenv.h
cases = [case for case in digests.cases() if "overflow" in case.name or "subnormal" in case.name]
libm.feclearexcept(-1)
assert libm.feenableexcept(INVALID | DIVIDE | OVERFLOW) == 0
outcomes = [digests.outcome(case) for case in cases]
enabled = libm.fedisableexcept(-1)
assert enabled == INVALID | DIVIDE | OVERFLOW, "the traps were not restored"
print([digests.wrong_arrays(case, arrays) for case, arrays in zip(cases, outcomes)])
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="other processors may not have traps")
def test_traps_of_the_caller_do_not_strike_inside() -> None:
    """A case that overflows would end the process."""
    done = subprocess.run(
        [sys.executable, "-c", TRAPS], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"{[[]] * 4}\n"), done.stderr


@EACH_MODE
def test_the_list_of_digests_is_read_right(mode: str) -> None:
    """The learning rate of a case is subnormal."""
    wanted = digests.cases()
    with hostile(mode):
        got = digests.cases()
    assert [(c.learning_rate.hex(), c.clip.hex()) for c in got] == [
        (c.learning_rate.hex(), c.clip.hex()) for c in wanted
    ]
