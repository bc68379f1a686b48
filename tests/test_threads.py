"""One result for any number of threads and on every table, and what else goes on meanwhile."""

from __future__ import annotations

import itertools
import platform
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

from crnn import core, initial
from crnn.descent import Optimizer
from crnn.text import Text
from crnn.training import Training, useful_threads

COMBINATIONS = pytest.mark.parametrize(
    ("double", "optimizer"), list(itertools.product([False, True], ["adagrad", "adam"])),
    ids=lambda value: {False: "float32", True: "float64"}.get(value, value),
)  # fmt: skip
COUNTS = (1, 2, 3, 5, 8)
# (V, H, T, B): one stream, fewer streams than threads, as many, one step, units that end in the
# middle of a vector, fewer units than threads.
BUSY = [
    (7, 113, 410, 1),
    (23, 121, 107, 3),
    (130, 129, 20, 8),
    (3, 131, 1, 320),
    (1, 118, 24, 19),
    (5, 9, 4, 11),
]

PAIR = (23, 67, 40, 7)  # enough for two


def training_of(
    V: int, H: int, T: int, B: int, double: bool, optimizer: str, threads: int = 1,
    isa: str | None = None, processors: int = 1,
) -> tuple[Training, core.Net]:  # fmt: skip
    """On a text whose parts wrap after three windows."""
    net = core.Net(V, H, double, isa)
    initial.draw_weights(net, np.random.PCG64(V * 1000 + H))
    text = np.random.default_rng(V).integers(0, V, B * (3 * T + 2), dtype=np.int32)
    rate = 0.1 if optimizer == "adagrad" else 0.002
    rule = Optimizer(optimizer, learning_rate=rate, clip=5.0)
    training = Training(net, Text(text, V), T, B, rule, threads=threads, processors=processors)
    return training, net


def outcome(training: Training, net: core.Net, B: int, H: int, double: bool) -> dict[str, Any]:
    """Everything a training leaves behind, in bytes."""
    assert np.isfinite([training.loss, training.smooth_loss]).all()
    states = np.empty((B, H), np.float64 if double else np.float32)
    for b in range(B):
        training.state(b).get(states[b])
    return {
        "weights": bytes(net.block),
        "memories": [bytes(memory) for memory in training.optimizer.memories],
        "losses": [training.loss.hex(), training.smooth_loss.hex()],
        "running": [number.hex() for number in training.optimizer.running],
        "states": states.tobytes(),
        "place": [training.step, *training.positions],
    }


def trained(
    V: int, H: int, T: int, B: int, double: bool, optimizer: str, threads: int = 1,
    isa: str | None = None, processors: int = 1, windows: tuple[int, ...] = (5,),
) -> dict[str, Any]:  # fmt: skip
    training, net = training_of(V, H, T, B, double, optimizer, threads, isa, processors)
    assert training.threads == threads
    for steps in windows:
        training.run(steps)
    return outcome(training, net, B, H, double)


def assert_same(got: dict[str, Any], wanted: dict[str, Any], how: str) -> None:
    assert [name for name in wanted if got[name] != wanted[name]] == [], how


@COMBINATIONS
@pytest.mark.parametrize(("V", "H", "T", "B"), BUSY)
def test_any_number_of_threads_trains_to_the_same_bytes(
    V: int, H: int, T: int, B: int, double: bool, optimizer: str
) -> None:
    wanted = trained(V, H, T, B, double, optimizer)
    for threads in COUNTS[1:]:
        got = trained(V, H, T, B, double, optimizer, threads)
        assert_same(got, wanted, f"{threads} threads")


ODD = [(1, 1, 1, 1), (1, 1, 1, 4), (2, 1, 5, 3), (1, 19, 4, 2), (33, 31, 1, 6), (70, 47, 9, 5)]


@COMBINATIONS
@pytest.mark.parametrize(("V", "H", "T", "B"), ODD)
def test_every_table_trains_streams_to_the_same_bytes(
    V: int, H: int, T: int, B: int, double: bool, optimizer: str
) -> None:
    wanted = trained(V, H, T, B, double, optimizer, isa="portable", windows=(25,))
    for isa in core.available_isas()[1:]:
        got = trained(V, H, T, B, double, optimizer, isa=isa, windows=(25,))
        assert_same(got, wanted, isa)


@COMBINATIONS
def test_threads_on_every_table_train_to_the_same_bytes(double: bool, optimizer: str) -> None:
    V, H, T, B = PAIR
    wanted = trained(V, H, T, B, double, optimizer)
    for isa in core.available_isas():
        assert_same(trained(V, H, T, B, double, optimizer, 2, isa, windows=(2, 3)), wanted, isa)


@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_how_windows_are_counted_out_to_threads_changes_nothing(optimizer: str) -> None:
    V, H, T, B = 11, 70, 90, 5
    how: Any = {"double": True, "optimizer": optimizer}
    wanted = trained(V, H, T, B, **how, windows=(10,))
    for threads, windows in [(3, (10,)), (3, (3, 7)), (2, (1, 0, 4, 5))]:
        got = trained(V, H, T, B, **how, threads=threads, windows=windows)
        assert_same(got, wanted, f"{threads} threads, {windows}")


@pytest.mark.parametrize("processors", [1, 8])
def test_threads_that_wait_by_looking_or_asleep_train_to_the_same_bytes(processors: int) -> None:
    """Eight threads, as if there were one processor (they sleep at once) or one for each."""
    V, H, T, B = BUSY[2]
    wanted = trained(V, H, T, B, False, "adam", windows=(12,))
    got = trained(V, H, T, B, False, "adam", 8, processors=processors, windows=(12,))
    assert_same(got, wanted, f"{processors} processors")


def test_small_windows_use_one_thread_and_larger_ones_no_more_than_are_useful() -> None:
    assert useful_threads(65, 100, 25, 2, 8, 8) == 1
    assert useful_threads(173, 1000, 100, 1, 8, 8) == 1  # one stream
    assert useful_threads(300, 15, 1000, 2, 8, 8) == 1  # fewer units than a line of the cache
    assert useful_threads(65, 100, 100, 32, 8, 16) == 7  # seven lines
    assert 1 < useful_threads(65, 100, 25, 8, 8, 8) < 7
    assert useful_threads(65, 512, 50, 50, 8, 2) == 2  # processors


def test_threads_are_counted() -> None:
    assert training_of(3, 4, 5, 1, True, "adam", 10**30)[0].threads == 64
    with pytest.raises(ValueError, match="threads is 0, expected at least 1"):
        training_of(3, 4, 5, 1, True, "adam", 0)


@pytest.mark.parametrize("threads", [1, 3])
def test_weights_changed_between_two_runs_are_taken_as_they_are(threads: int) -> None:
    """As by a training that begins with them."""
    V, H, T, B = 11, 70, 90, 5
    training, net = training_of(V, H, T, B, True, "adagrad", threads)
    again, other = training_of(V, H, T, B, True, "adagrad", threads)
    training.run(3)
    assert training.positions == [0] * B  # so no state is carried
    for buffer in (net.block, *training.optimizer.memories):
        np.frombuffer(memoryview(buffer), float)[:] *= 0.5
    for mine, theirs in zip(
        (other.block, *again.optimizer.memories),
        (net.block, *training.optimizer.memories),
        strict=True,
    ):
        np.frombuffer(memoryview(mine), float)[:] = np.frombuffer(memoryview(theirs), float)
    training.run(2)
    again.run(2)
    assert training.loss == again.loss
    assert bytes(net.block) == bytes(other.block)


NO_MORE_THREADS = """
import resource, threading
import numpy as np
from crnn import core, initial
from crnn.descent import Optimizer
from crnn.text import Text
from crnn.training import Training

def training(threads):
    net = core.Net(23, 121, False)
    initial.draw_weights(net, np.random.PCG64(1))
    text = np.random.default_rng(1).integers(0, 23, 2000, dtype=np.int32)
    rule = Optimizer("adam", learning_rate=0.002, clip=5.0)
    return net, Training(net, Text(text, 23), 107, 3, rule, threads=threads)

(net, alone), (other, many) = training(1), training(8)
assert many.threads == 8
alone.run(6)
pages = int(open("/proc/self/statm").read().split()[0])
room = pages * resource.getpagesize() + 2**20
resource.setrlimit(resource.RLIMIT_AS, (room, resource.RLIM_INFINITY))
try:
    threading.Thread(target=print, args=("a thread was started",)).start()
except RuntimeError:
    many.run(6)
    print(bytes(net.block) == bytes(other.block), alone.loss == many.loss)
"""


@pytest.mark.skipif(
    sys.platform != "linux" or platform.libc_ver()[0] != "glibc",
    reason="reads /proc, limits the address space, knows how large a thread's stack is",
)
def test_where_the_system_gives_no_thread_the_training_goes_on_without() -> None:
    command = [sys.executable, "-c", NO_MORE_THREADS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True True\n"), done.stderr


# --- meanwhile ------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2])
def test_python_goes_on_while_a_training_runs(threads: int) -> None:
    """Another thread sees steps that are neither the first nor the last of one call."""
    training, _ = training_of(*PAIR, False, "adagrad", threads)
    seen: set[int] = set()
    over = False

    def watch() -> None:
        while not over:
            seen.add(training.step)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        begin, windows = 0, 50
        while not any(begin < step < begin + windows for step in seen):
            begin, windows = training.step, 2 * windows
            assert windows < 10**5, "no step inside a call was ever seen"
            training.run(windows)
    finally:
        over = True
        watcher.join()


def test_only_one_call_runs_a_training() -> None:
    training, _ = training_of(*PAIR, False, "adagrad", 2)
    refused, begin, windows = False, 0, 50
    while not refused:
        begin, windows = training.step, 2 * windows
        assert windows < 10**5, "two calls ran at once, or the first was never seen running"
        runner = threading.Thread(target=training.run, args=(windows,))
        runner.start()
        while training.step == begin:
            pass
        try:
            training.run(0)  # passes if the other has just ended
        except RuntimeError as error:
            refused = "running in another thread" in str(error)
        runner.join()
        assert training.step == begin + windows


def test_trainings_in_several_threads_do_not_disturb_each_other() -> None:
    V, H, T, B = PAIR
    pairs = [training_of(V, H, T, B, True, "adam", 2) for _ in range(3)]
    runners = [threading.Thread(target=training.run, args=(5,)) for training, _ in pairs]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    wanted = trained(V, H, T, B, True, "adam")
    for training, net in pairs:
        assert_same(outcome(training, net, B, H, True), wanted, "side by side")
