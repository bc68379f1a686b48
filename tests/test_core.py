"""The compiled core: one result on every table, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from crnn import core, initial
from crnn.descent import Optimizer
from crnn.text import Text
from crnn.training import Training

SIZES = [(1, 1, 1), (2, 3, 2), (7, 15, 3), (16, 17, 25), (33, 31, 7), (100, 64, 5), (5, 257, 4)]
DOUBLE = pytest.mark.parametrize("double", [False, True], ids=["float32", "float64"])


def adagrad() -> Optimizer:
    return Optimizer("adagrad", learning_rate=0.1, clip=5.0)


def trained(isa: str, double: bool, V: int, H: int, T: int, steps: int) -> dict[str, Any]:
    """Weights, memory, losses and a sample of a short training on one table."""
    net = core.Net(V, H, double, isa)
    initial.draw_weights(net, np.random.PCG64(V * 1000 + H))
    text = np.random.default_rng(V).integers(0, V, 40 * T + 2, dtype=np.int32)
    training = Training(net, Text(text, V), T, 1, adagrad())
    training.run(steps)
    ixes = np.zeros(50, np.int32)
    training.state().sample(50, 1.0, np.random.PCG64(1), ixes, training.next_input())
    return {
        "weights": np.frombuffer(memoryview(net.block), np.uint8).copy(),
        "memory": np.frombuffer(memoryview(training.optimizer.memories[0]), np.uint8).copy(),
        "losses": [training.loss.hex(), training.smooth_loss.hex()],
        "sample": ixes.tolist(),
    }


def assert_equal_on_every_table(double: bool, V: int, H: int, T: int, steps: int) -> None:
    wanted = trained("portable", double, V, H, T, steps)
    assert np.isfinite(float.fromhex(wanted["losses"][0]))
    for isa in core.available_isas()[1:]:
        got = trained(isa, double, V, H, T, steps)
        for name, value in wanted.items():
            np.testing.assert_array_equal(got[name], value, f"{name} on {isa}")


@DOUBLE
@pytest.mark.parametrize(("V", "H", "T"), SIZES)
def test_every_table_trains_to_the_same_bytes(V: int, H: int, T: int, double: bool) -> None:
    assert_equal_on_every_table(double, V, H, T, steps=60)


@pytest.mark.long
@DOUBLE
def test_two_thousand_steps_give_the_same_bytes_on_every_table(double: bool) -> None:
    assert_equal_on_every_table(double, V=173, H=100, T=25, steps=2000)


def test_isas_are_listed_portable_first_and_the_fastest_is_chosen(
    plain_environment: dict[str, str],
) -> None:
    isas = core.available_isas()
    assert isas[0] == "portable"
    assert set(isas) <= {"portable", "avx2", "avx512", "neon"}
    assert run_isa(plain_environment).stdout.strip() == isas[-1]


def test_environment_forces_a_table(plain_environment: dict[str, str]) -> None:
    for isa in core.available_isas():
        assert run_isa(plain_environment | {"CRNN_ISA": isa}).stdout.strip() == isa


def test_impossible_table_is_an_import_error_that_says_what_there_is(
    plain_environment: dict[str, str],
) -> None:
    done = run_isa(plain_environment | {"CRNN_ISA": "mmx"})
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: CRNN_ISA: no kernels named 'mmx' run here")
    assert "portable" in last
    assert "Unset" in last


def run_isa(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "import crnn; print(crnn.isa())"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_unknown_table_of_a_net_is_refused() -> None:
    with pytest.raises(ValueError, match="no kernels named 'mmx'"):
        core.Net(3, 4, True, "mmx")


@pytest.mark.parametrize(("V", "H"), [(3, 10**9), (10**9, 10**6), (10**30, 1), (1, 2**62)])
def test_too_large_a_net_is_a_memory_error(V: int, H: int) -> None:
    with pytest.raises(MemoryError, match="bytes are needed, this machine has"):
        core.Net(V, H, True)


def test_a_large_vocabulary_takes_no_more_than_it_takes() -> None:
    net = core.Net(200_000, 2, True)
    assert net.layout()["Wxh"][1] == (2, 200_000)


def test_too_long_a_window_is_a_memory_error() -> None:
    with pytest.raises(MemoryError, match="bytes are needed"):
        core.Window(core.Net(3, 4, True), 10**14)


def zeros() -> Text:
    return Text(np.zeros(20, np.int32), 3)


def small_training() -> Training:
    return Training(core.Net(3, 4, True), zeros(), 5, 1, adagrad())


def test_text_shorter_than_a_window_is_refused_by_the_core_too() -> None:
    with pytest.raises(
        ValueError, match="text has 20 characters, 1 streams of windows of 19 need 21"
    ):
        Training(core.Net(3, 4, True), zeros(), 19, 1, adagrad())


@pytest.mark.parametrize(("step", "position"), [(-1, 0), (0, -1), (0, 14), (0, 10**9)])
def test_restoring_an_impossible_place_is_refused(step: int, position: int) -> None:
    training = small_training()
    with pytest.raises(ValueError, match=r"expected at least 0|does not fit its 20 characters"):
        training.restore(step, [position], 1.0, [training.state()])
    training.restore(0, [13], 1.0, [training.state()])
    training.run(3)
    assert training.step == 3


@pytest.mark.parametrize(
    "p", [np.empty(3, np.float32), np.empty(4), np.empty(3, ">f8")], ids=["type", "size", "order"]
)
def test_arrays_of_another_type_or_size_are_refused(p: npt.NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="out: expected 3 elements of 8 bytes and format d"):
        core.State(core.Net(3, 4, True)).predict(p)


def test_read_only_output_is_refused() -> None:
    p = np.empty(3)
    p.flags.writeable = False
    with pytest.raises((BufferError, ValueError), match=r"(?i)read-only|writable"):
        core.State(core.Net(3, 4, True)).predict(p)


def test_seed_index_is_checked() -> None:
    state = core.State(core.Net(3, 4, True))
    with pytest.raises(IndexError, match="seed_ix is 3"):
        state.sample(1, 1.0, np.random.PCG64(0), np.empty(1, np.int32), 3)


# --- called with nonsense, it raises and never reads what is not its own ------------------------


def test_sizes_that_would_overflow_are_refused() -> None:
    class Long:
        def __len__(self) -> int:
            return 2**62

    state = core.State(core.Net(3, 4, True))
    with pytest.raises(ValueError, match="expected 4611686018427387904 elements"):
        state.sample(2**62, 1.0, np.random.PCG64(), np.empty(0, np.int32))
    with pytest.raises(ValueError, match="expected -1 elements"):
        state.sample(-1, 1.0, np.random.PCG64(), np.empty(0, np.int32))
    for call in (state.read, lambda x: Text(x, 3)):
        with pytest.raises((TypeError, MemoryError)):
            call(Long())  # type: ignore[arg-type]


UNTYPED: Any = core  # what a type checker would refuse
UNTYPED_TRAINING: Any = Training


@pytest.mark.parametrize(
    "call",
    [
        lambda: UNTYPED.State(None),
        lambda: UNTYPED.Window(None, 1),
        lambda: UNTYPED_TRAINING(None, zeros(), 5, 1, adagrad()),
        lambda: UNTYPED_TRAINING(core.Net(3, 4, True), None, 5, 1, adagrad()),
        lambda: UNTYPED_TRAINING(core.Net(3, 4, True), zeros(), 5, 1, None),
        lambda: UNTYPED_TRAINING(core.Net(3, 4, True), zeros(), 5, 1, adagrad()).restore(
            0, [0], 0.0, None
        ),
        lambda: UNTYPED.Borrowed(3, 4, True).sample(None, None, 0, None, None),
        lambda: UNTYPED.Borrowed(3, 4, True).loss(iter(()), None, None, None, (), None, 5.0),
    ],
)
def test_none_and_iterators_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match=r"must not be None|expected tuple|has no len|Argument"):
        call()


def test_state_of_another_net_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 1 of this net"):
        small_training().restore(0, [0], 0.0, [core.State(core.Net(1, 1, True))])


@pytest.mark.parametrize(("V", "H"), [(0, 1), (1, 0), (-1, 1), (1, -5)])
def test_sizes_below_one_are_refused(V: int, H: int) -> None:
    with pytest.raises(ValueError, match="expected at least 1"):
        core.Net(V, H, True)


def test_methods_know_whose_they_are() -> None:
    """A method of a compiled class that is given something else is an error, no crash."""
    with pytest.raises(TypeError, match="State"):
        core.State.copy(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="State"):
        core.State.get(core.Net(2, 2, False), None)  # type: ignore[arg-type]
