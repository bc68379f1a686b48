"""Many threads at one model, one state, one training: equal bytes, or an error that says why."""

from __future__ import annotations

import copy
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import crnn
from crnn import core

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


def fed_at_once(state: crnn.State, works: list[Callable[[], int]]) -> tuple[int, int]:
    """Let threads feed a state until one was refused; return characters read and refusals."""
    over = threading.Event()

    def feed(work: Callable[[], int]) -> tuple[int, int]:
        read = refused = 0
        while not over.is_set():
            try:
                read += work()
            except RuntimeError as error:
                if str(error) != core.IN_USE:
                    raise
                refused += 1
                over.set()
        return read, refused

    watch = threading.Timer(60, over.set)
    watch.start()
    counts = at_once(*[lambda work=work: feed(work) for work in works])
    watch.cancel()
    read, refused = map(sum, zip(*counts, strict=True))
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

    read, refused = fed_at_once(state, [long, scored, short, short])
    assert refused > 0, "no thread ever met another"
    wanted = model.state()
    wanted.feed("o" * read)
    assert state == wanted
    state.feed("o")  # it is free again


def test_what_looks_at_a_state_in_use_is_refused_and_changes_nothing() -> None:
    state = model_of().state()
    looks: list[Callable[[], Any]] = [
        state.copy, state.key, state.probs, state.logprobs,
        lambda: pickle.dumps(state), lambda: state.score("to"), lambda: state.feed(0),
    ]  # fmt: skip
    with state.core:
        for look in looks:
            with pytest.raises(RuntimeError, match="in use in another thread"):
                look()
    assert state.key() == model_of().state().key()


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
