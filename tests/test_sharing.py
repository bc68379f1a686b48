"""Many threads at one model, one state, one training: equal bytes, or an error that says why."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import crnn
from crnn import coding, core, descent, scoring, training, validation
from crnn import text as texts
from crnn.choosing import Chooser
from crnn.online import Learner

TEXT = "to be, or not to be: that is the question.\nwhether 'tis nobler in the mind\n" * 40
READERS = 4


@pytest.fixture(autouse=True)
def _restless() -> Iterator[None]:
    """Let threads change as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def model_of(hidden_size: int = 24) -> crnn.RNN:
    model = crnn.RNN(crnn.Vocab.from_text(TEXT), hidden_size, seed=5)
    crnn.Trainer(model, TEXT).train(50)
    return model


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Return what calls come to that begin at the same time, each in a thread of its own."""
    barrier = threading.Barrier(len(works))

    def begin(work: Callable[[], Any]) -> Any:
        barrier.wait(60)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(120) for future in [pool.submit(begin, work) for work in works]]


def asked(model: crnn.RNN, seed: int) -> list[Any]:
    """Return some of all that one can ask of a model."""
    state, begun = model.state(), model.state()
    begun.feed("to be")
    states = model.states(3)
    return [
        model.sample(60, "to", 0.8, seed=seed, top_k=9, state=begun),
        model.sample(30, seed=seed, n=3, threads=2, forbidden="qu"),
        "".join(model.stream(50, seed=seed)),
        pickle.dumps(model.score(TEXT[seed : seed + 400])),
        [score.total for score in model.score_many([TEXT[:50], TEXT[9:80]], threads=2)],
        model.hidden(TEXT[:70]).tobytes(),
        state.feed(TEXT[:99]).tobytes(),
        states.feed("tob").tobytes(),
        model.fingerprint,
        crnn.compress(model, TEXT[:60].encode()),
        pickle.dumps(copy.deepcopy(model)),
    ]


def test_any_number_of_threads_reads_one_model_to_the_same_bytes() -> None:
    model = model_of()
    wanted = [asked(model, seed) for seed in range(READERS)]
    for _ in range(3):
        works = [lambda seed=seed: asked(model, seed) for seed in range(READERS)]
        assert at_once(*works) == wanted


def test_who_reads_a_model_that_is_trained_meanwhile_sees_numbers_and_disturbs_nobody() -> None:
    text, model, alone = TEXT, model_of(), model_of()
    options: Any = {"seq_length": 20, "batch_size": 4, "sample_every": 300}
    wanted = crnn.Trainer(alone, text, **options)
    wanted.train(3000)
    trainer, over = crnn.Trainer(model, text, **options), threading.Event()

    def train() -> None:
        try:
            trainer.train(3000)
        finally:
            over.set()

    def read() -> int:
        rounds, steps = 0, [0]
        while not over.is_set() or rounds < 2:
            assert len(model.sample(40, "to", seed=rounds)) == 40
            assert np.isfinite(model.score(TEXT[:200]).nats).all()
            assert 0 < model.state().feed("to be").sum() < 1.01
            assert np.isfinite([trainer.smooth_loss, trainer.bits_per_char]).all()
            steps.append(trainer.step)
            rounds += 1
        assert steps == sorted(steps)
        return rounds

    assert min(at_once(train, read, read)[1:]) >= 2
    assert trainer.to_bytes() == wanted.to_bytes()


def until_refused(works: list[Callable[[], Any]], words: str) -> tuple[int, int]:
    """Let threads use one thing until one was refused; return what all came to, and refusals."""
    over = threading.Event()

    def feed(work: Callable[[], int]) -> tuple[int, int]:
        read = refused = 0
        while not over.is_set():
            try:
                result = work()
                read += result if isinstance(result, int) else 0
            except RuntimeError as error:
                if words not in str(error):
                    raise
                refused += 1
                over.set()
        return read, refused

    watch = threading.Timer(60, over.set)
    watch.start()
    counts = at_once(*[lambda work=work: feed(work) for work in works])
    watch.cancel()
    read, refused = map(sum, zip(*counts, strict=True))
    assert refused > 0, "no thread ever met another"
    return read, refused


def test_a_state_that_several_threads_feed_reads_each_text_whole_or_not_at_all() -> None:
    """All read the same character, so how many were read says what the state must be."""
    model = model_of(hidden_size=64)
    state, many = model.state(), "o" * 3000
    out = np.empty(len(model.vocab), np.float32)

    def long() -> int:
        state.feed(many)
        return len(many)

    def scored() -> int:
        return len(state.score("oo"))

    def short() -> int:
        state.feed("o", out=out)
        return 1

    read, _ = until_refused([long, scored, short, short], core.IN_USE)
    wanted = model.state()
    wanted.feed("o" * read)
    assert state == wanted
    state.feed("o")  # it is free again


def test_what_looks_at_a_state_in_use_is_refused_and_changes_nothing() -> None:
    model = model_of()
    state, states = model.state(), model.states(2)
    looks: list[Callable[[], Any]] = [
        state.copy, state.key, state.probs, state.logprobs,
        lambda: pickle.dumps(state), lambda: state.score("to"), lambda: state.feed(0),
        lambda: state == model.state(), lambda: model.state() == state,
        lambda: states[0], lambda: states[:1], lambda: crnn.States.of([state]),
        lambda: model.sample(5, state=state), lambda: model.score("to", state=state),
        lambda: next(model.stream(5, state=state)),
    ]  # fmt: skip
    with state.core, states.core:
        for look in looks:
            with pytest.raises(RuntimeError, match="in use in another thread"):
                look()
    assert state == model.state()
    assert states == model.states(2)


def test_the_end_of_a_block_that_nobody_began_lets_nobody_in() -> None:
    """While a method runs, that is: it is one that takes the latch otherwise."""
    state = core.State(core.Net(30, 256, False))
    indices, over = np.zeros(4000, np.int32), threading.Event()

    def end() -> None:
        while not over.is_set():
            state.__exit__(None, None, None)

    def read() -> int:
        try:
            return until_refused([lambda: state.read(indices)] * 2, core.IN_USE)[1]
        finally:
            over.set()

    assert at_once(end, read)[1] > 0
    state.__exit__(None, None, None)
    with state:
        pass
    state.copy()


V, H = 30, 48
NET = core.Net(V, H, False)
Works = list[Callable[[], Any]]


def of_a_reading() -> Works:
    n = 10**6
    scores = np.empty(n), np.empty(n, np.int32), np.empty(n)
    reading = scoring.Reading(NET, np.zeros(n, np.int32), [n // 2] * 2, scores=scores)
    return [lambda: reading.run(200)] * 3


def of_a_chooser() -> Works:
    bits = [np.random.PCG64(seed) for seed in range(4)]
    chooser, state = Chooser(NET, bits, 1.0, penalty=1.2, window=20), core.State(NET, 4)
    write = lambda: chooser.write(state, 50, np.empty((50, 4), np.int32))  # noqa: E731
    prime = np.zeros(500, np.int32)
    return [write, write, lambda: chooser.read(prime), lambda: chooser.keep([0, 1, 2, 3]),
            lambda: chooser.length(3), lambda: chooser.stuck]  # fmt: skip


def of_a_validation() -> Works:
    held_back = validation.Validation(NET, texts.Text(np.zeros(10**5, np.int32), V))
    run = lambda: held_back.run(500)  # noqa: E731
    return [run, run, held_back.begin, lambda: held_back.loss, lambda: held_back.ended]


def of_borrowed_parameters() -> Works:
    def arrays() -> tuple[Any, ...]:
        return tuple(np.zeros(shape) for shape in ((H, V), (H, H), (V, H), H, V))

    borrowed, parameters, h = core.Borrowed(V, H, True), arrays(), np.zeros(H)
    bits, longer = np.random.PCG64(1), iter(range(1, 10**6))

    def loss() -> None:
        x = np.zeros(next(longer) % 400 + 1, np.int32)
        borrowed.loss(parameters, x, x, h, arrays(), np.zeros(H), 5.0)

    def sample() -> None:
        borrowed.sample(parameters, h, 0, np.empty(50, np.int32), bits)

    return [loss, loss, sample]


def of_a_training() -> Works:
    net, text = core.Net(V, H, False), texts.Text(np.zeros(1000, np.int32), V)
    loop = training.Training(net, text, 10, 2, descent.Optimizer("adagrad", learning_rate=0.1))
    run = lambda: loop.run(5)  # noqa: E731
    restore = lambda: loop.restore(5, [3, 4], 1.0, [core.State(net)] * 2)  # noqa: E731
    return [run, run, restore, lambda: loop.state(1), lambda: loop.positions, loop.next_input,
            lambda: loop.check_place(5, [3, 4])]  # fmt: skip


def of_an_encoder() -> Works:
    encoder, events = coding.Encoder(NET), np.zeros(5000, np.int32)
    run = lambda: encoder.run(100)  # noqa: E731
    return [run, run, lambda: encoder.begin(events), lambda: encoder.position and encoder.is_over]


def of_a_decoder() -> Works:
    decoder, events, payload = coding.Decoder(NET), np.zeros(5000, np.int32), bytes(range(250))
    run = lambda: decoder.run(100)  # noqa: E731
    return [run, run, lambda: decoder.begin(payload, events), lambda: decoder.position,
            lambda: decoder.is_over, decoder.end]  # fmt: skip


def of_a_learner() -> Works:
    net = core.Net(256, 8, False)
    learner = Learner(net, 8, (4,), descent.Optimizer("adam", learning_rate=0.01))
    data, run = bytes(2000), lambda: learner.run(100)
    return [run, run, lambda: learner.begin_packing(data), lambda: learner.position,
            lambda: learner.is_over]  # fmt: skip


COMPILED = [
    of_a_reading, of_a_chooser, of_a_validation, of_borrowed_parameters, of_a_training,
    of_an_encoder, of_a_decoder, of_a_learner,
]  # fmt: skip


@pytest.mark.parametrize("works_of", COMPILED, ids=lambda works_of: works_of.__name__[3:])
def test_two_threads_in_one_compiled_object_are_refused_and_it_is_free_again(
    works_of: Callable[[], Works],
) -> None:
    works = works_of()
    until_refused(works, "another thread")
    for work in works:
        work()


def test_who_writes_with_a_state_that_is_fed_is_refused_and_it_is_free_again() -> None:
    chooser, state = Chooser(NET, [np.random.PCG64(1)], 1.0), core.State(NET)
    indices = np.zeros(300, np.int32)

    def write() -> int:
        return chooser.write(state, 300, np.empty((300, 1), np.int32))

    until_refused([write, lambda: state.read(indices)], core.IN_USE)
    write()


def test_a_trainer_in_use_is_neither_pickled_nor_copied_elsewhere(text: str) -> None:
    trainer, refusals = crnn.Trainer(model_of(), TEXT, report_every=1), []

    def look(report: crnn.Report) -> bool:
        with ThreadPoolExecutor(1) as pool:
            for work in (pickle.dumps, copy.deepcopy, copy.copy):
                refusals.append(pool.submit(work, trainer).exception(60))
        return True

    trainer.train(10, look)
    assert len(refusals) == 3
    assert all("another thread is using this trainer" in str(error) for error in refusals)


def test_lossfun_and_sample_of_one_pair_take_turns() -> None:
    model = model_of()
    lossFun, sample = crnn.bind(model.Wxh, model.Whh, model.Why, model.bh, model.by)
    h = np.zeros((model.hidden_size, 1), model.dtype)

    def loss(T: int) -> bytes:
        x = model.vocab.encode(TEXT[: T + 1]).tolist()
        return b"".join(np.asarray(part).tobytes() for part in lossFun(x[:-1], x[1:], h))

    wanted = [loss(T) for T in (5, 80, 160, 300)]
    for _ in range(5):
        works = [lambda T=T: loss(T) for T in (5, 80, 160, 300)]
        assert at_once(*works, lambda: len(sample(h, 1, 200))) == [*wanted, 200]


# --- Python without a GIL -------------------------------------------------------------------------

SOURCES = Path(__file__).parent.parent / "src" / "crnn"
MODULES = sorted(path.stem for path in SOURCES.glob("*.pyx"))


@pytest.mark.parametrize("name", MODULES)
def test_every_module_says_that_it_needs_no_gil(name: str) -> None:
    directives = (SOURCES / f"{name}.pyx").read_text("utf-8").split("\n", 1)[0]
    assert directives.startswith("# cython: ")
    assert "freethreading_compatible=True" in directives.replace(" ", "").split(",")


def test_importing_all_modules_switches_no_gil_on() -> None:
    names = ", ".join(f"crnn.{name}" for name in MODULES)
    gil = 'getattr(sys, "_is_gil_enabled", lambda: True)()'
    script = f"import sys\nbefore = {gil}\nimport crnn, {names}\nprint(before, {gil})"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHON_GIL"}
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    has = not sysconfig.get_config_var("Py_GIL_DISABLED")
    assert done.stdout == f"{has} {has}\n", done.stderr
