"""A model and its training in other processes: forked, spawned, in pools; and what pickles.

What forks runs in a process of its own: pytest's has threads, which a child would be without.
"""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import crnn
from crnn import core, corpus
from crnn.codec import CodecError
from crnn.corpus.errors import TextError
from crnn.saved import Saved

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system knows no fork")

COMMON = '''
import os, pickle, signal, sys, threading, time, warnings
import numpy as np
import crnn

TEXT = "to be, or not to be: that is the question.\\nwhether 'tis nobler in the mind\\n" * 60

def trainer_of(threads=1, hidden_size=64, **settings):
    """Large enough windows for two threads."""
    model = crnn.RNN(crnn.Vocab.from_text(TEXT), hidden_size, seed=5)
    settings = {"seq_length": 25, "batch_size": 24, "dropout": 0.1, **settings}
    return crnn.Trainer(model, TEXT, threads=threads, val_fraction=0.1, **settings)

def in_child(work):
    """What a call comes to in a forked process, or its error; nobody waits longer than 20 s."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            result = work()
        except Exception as error:
            result = error
        with os.fdopen(writer, "wb") as file:
            pickle.dump(result, file)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        data = file.read()
    assert os.waitpid(child, 0)[1] == 0, f"{work.__name__} died or waited for ever"
    return pickle.loads(data)

def refused(work, words):
    error = in_child(work)
    assert type(error) is RuntimeError and words in str(error), (work.__name__, repr(error))

def used(model):
    """All that many threads may do with a model, in order."""
    return (
        model.sample(50, "to", seed=1, n=4, threads=2),
        "".join(model.stream(40, seed=2)),
        [score.total for score in model.score_many([TEXT[:300], TEXT[:90]], threads=2)],
        model.embed([TEXT[:60]] * 3, threads=2).tobytes(),
    )
'''

FORKED = (
    COMMON
    + """
warnings.simplefilter("error")      # also of Python 3.12, if a thread of ours were left
trainer = trainer_of(threads=2)
trainer.train(8)
stream = trainer.model.stream(100, seed=3)
begun = [next(stream) for _ in range(5)]
state = trainer.model.state()
state.feed("to be")

def go_on():
    trainer.train(8)
    trainer.save(sys.argv[1])
    return trainer.to_bytes(), used(trainer.model), list(stream), state.feed("or").tobytes()

children = [in_child(go_on) for _ in range(2)]
assert children[0] == children[1] == go_on()
assert crnn.Trainer.resume(sys.argv[1], TEXT).step == 16

# from a callback, that is in the middle of a training, by the thread that trains
trainer, other = trainer_of(report_every=9), trainer_of(report_every=9)

def five_more():
    trainer.train(5)
    return trainer.step, trainer.to_bytes()

def compare(report):
    step, data = in_child(five_more)
    other.train(step - other.step)
    assert other.to_bytes() == data

trainer.train(10, compare)
assert other.step == 15
print("same")
"""
)

FORKED_MEANWHILE = (
    COMMON
    + """
warnings.simplefilter("ignore", DeprecationWarning)     # Python 3.12 says that this is no good idea
busy, idle = trainer_of(threads=2), trainer_of(threads=2)
idle.train(4)
before = pickle.dumps(idle)
stream = busy.model.stream(10**9, seed=1)
state = busy.model.state()
samples = idle.model.samples(100, seed=4, n=90, threads=2)
first = next(samples)
H, V = 64, len(busy.model.vocab)
shapes = ((H, V), (H, H), (V, H), (H, 1), (V, 1))
lossFun, sample = crnn.bind(*[np.zeros(shape) for shape in shapes])
_, other_sample = crnn.bind(*[np.zeros(shape) for shape in shapes])      # of the same np.random
h = np.zeros((H, 1))
over = False

def again_and_again(work):
    def run():
        while not over:
            work()
    thread = threading.Thread(target=run, daemon=True)   # so that a failure is the end
    thread.start()
    return thread

def draw():
    for _ in range(10**4):
        next(stream)

works = [
    lambda: busy.train(10**4, lambda report: over), draw,
    lambda: state.feed("o" * 10**5), lambda: sample(h, 0, 10**5),
]
threads = [again_and_again(work) for work in works]
steps = busy.step
while busy.step == steps:
    time.sleep(0.01)

def wanted():
    trainer = crnn.Trainer.resume(pickle.loads(before), TEXT, threads=2)
    trainer.train(4)
    return pickle.dumps(trainer), used(trainer.model)

def go_on():
    idle.train(4)
    idle.save(sys.argv[1])
    return pickle.dumps(idle), used(idle.model)

def torn_stream():
    for _ in range(10**5):      # what is drawn already may be taken
        next(stream)

def forget():
    global samples
    del samples

def losses():
    return lossFun([0, 1], [1, 2], h)[0]

right = wanted()
assert in_child(go_on) == right
assert len(in_child(lambda: busy.model.sample(20, seed=1))) == 20
refused(lambda: busy.train(1), "was in use in another thread when the process was forked")
refused(lambda: pickle.dumps(busy), "was in use in another thread when the process was forked")
refused(lambda: next(samples) and list(samples), "stayed behind when the process was forked")
assert in_child(forget) is None
assert in_child(losses) == losses()

def until(work, words):
    '''Fork until it was in the middle of something: between two calls all is well.'''
    for _ in range(50):
        error = in_child(work)
        if isinstance(error, RuntimeError) and words in str(error):
            return
        assert not isinstance(error, Exception), repr(error)
    raise AssertionError(f"never {words}")

until(lambda: state.feed("o").sum() > 0, "in use in another, when this process was forked")
until(lambda: len(sample(h, 0, 3)), "np.random locked")
until(lambda: len(other_sample(h, 0, 3)), "np.random locked")
until(torn_stream, "was drawn from in another thread when the process was forked")
over = True
busy.stop()
for thread in threads:
    thread.join()
assert wanted() == right == go_on()
assert len(list(samples)) == 89
print("same")
"""
)

POOLS = (
    COMMON
    + """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

def train_on(saved):
    trainer = crnn.Trainer.resume(saved, TEXT, threads=2)
    trainer.train(5)
    return trainer, trainer.model, trainer.model.score(TEXT[:50]), trainer.history

def fail(words):
    raise crnn.DivergenceError(words)

if __name__ == "__main__":
    trainer = trainer_of(threads=2)
    trainer.train(5)
    wanted = pickle.dumps(train_on(pickle.loads(pickle.dumps(trainer))))
    for way in sys.argv[2:]:
        context = multiprocessing.get_context(way)
        with context.Pool(1) as pool:
            saved, model, score, history = pool.apply(train_on, (trainer,))
            assert isinstance(saved, crnn.saved.Saved) and saved.step == 10
            there = crnn.Trainer.resume(saved, TEXT), model, score, history
            assert pickle.dumps(there) == wanted, way
            try:
                pool.apply(fail, ("the loss became nan",))
            except crnn.DivergenceError as error:
                assert str(error).count("train again") == 1, error
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            assert [trained[0].step for trained in pool.map(train_on, [trainer])] == [10], way
    print("same")
"""
)


def run(script: str, folder: Path, *words: str) -> None:
    """Run a script to its end, from a file, as those who spawn want it."""
    path = folder / "script.py"
    path.write_text(script, "utf-8")
    command = [sys.executable, str(path), str(folder / "m.safetensors"), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "same\n"), done.stderr


@forks
def test_a_forked_process_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    run(FORKED, tmp_path)


@forks
def test_a_fork_while_others_work_ends_in_the_same_bytes_or_an_error_and_never_hangs(
    tmp_path: Path,
) -> None:
    run(FORKED_MEANWHILE, tmp_path)


def test_processes_that_are_spawned_train_to_the_same_bytes(tmp_path: Path) -> None:
    run(POOLS, tmp_path, "spawn")


@pytest.mark.long
@forks
def test_pools_of_every_kind_train_to_the_same_bytes(tmp_path: Path) -> None:
    run(POOLS, tmp_path, "fork", "forkserver")


# --- pools of threads, pickles, copies ------------------------------------------------------------


def trainer_of(text: str, **settings: Any) -> crnn.Trainer:
    model = crnn.RNN(crnn.Vocab.from_text(text), 7, seed=2)
    settings = {"report_every": 10, "val_every": 15, "sample_every": 25, **settings}
    return crnn.Trainer(model, text, seq_length=9, val_fraction=0.2, seed=3, **settings)


def test_a_pool_of_threads_trains_each_model_to_the_same_bytes(text: str) -> None:
    def trained(seed: int) -> bytes:
        model = crnn.RNN(crnn.Vocab.from_text(text), 7, seed=seed)
        trainer = crnn.Trainer(model, text, threads=2)
        trainer.train(60)
        return trainer.to_bytes()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(trained, range(8))) == [trained(seed) for seed in range(8)]


SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "adam, dropout": {"optimizer": "adam", "learning_rate": 0.002, "dropout": 0.3},
    "halves its rate": {"on_divergence": "halve-rate", "schedule": "cosine", "steps": 90},
    "plateau": {"plateau": 1, "optimizer": "sgd"},
}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy])
def test_a_copied_trainer_is_a_twin_of_its_own(name: str, way: Any, text: str) -> None:
    trainer = trainer_of(text, **SETTINGS[name])
    trainer.train(40)
    before = trainer.to_bytes()
    twin = way(trainer)
    twin.train(50)
    assert trainer.to_bytes() == before
    trainer.train(50)
    assert trainer.to_bytes() == twin.to_bytes()
    assert trainer.history.tobytes() == twin.history.tobytes()
    assert (trainer.val_loss, trainer.total) == (twin.val_loss, twin.total)


def test_a_twin_made_in_a_callback_or_after_an_error_goes_on_alike(text: str) -> None:
    twins: list[crnn.Trainer] = []

    def interrupt(report: crnn.Report) -> None:
        twins.append(copy.deepcopy(trainer))
        raise KeyboardInterrupt

    trainer = trainer_of(text)
    with pytest.raises(KeyboardInterrupt):
        trainer.train(30, interrupt)
    twins.append(copy.deepcopy(trainer))
    for each in (trainer, *twins):
        each.train(40 - each.step)
    assert {each.to_bytes() for each in (trainer, *twins)} == {trainer.to_bytes()}


def test_a_model_and_its_trainer_are_copied_together(text: str) -> None:
    trainer = trainer_of(text)
    model, twin = copy.deepcopy((trainer.model, trainer))
    assert twin.model is model
    assert copy.deepcopy([trainer, trainer])[0] is not trainer


class Remembering(crnn.Trainer):
    """One that somebody made to their liking."""

    notes: list[object]


def test_what_a_subclass_added_is_copied_with_it(text: str) -> None:
    trainer = Remembering(crnn.RNN(crnn.Vocab.from_text(text), 5), text)
    trainer.notes = [trainer, ["deep"]]
    twin = copy.deepcopy(trainer)
    assert type(twin) is Remembering
    assert twin.notes == [twin, ["deep"]]
    assert twin.notes[1] is not trainer.notes[1]


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_trainer_goes_on_with_its_text(name: str, protocol: int, text: str) -> None:
    trainer = trainer_of(text, **SETTINGS[name])
    trainer.train(40)
    saved = pickle.loads(pickle.dumps(trainer, protocol))
    assert isinstance(saved, Saved)
    again = crnn.Trainer.resume(pickle.loads(pickle.dumps(saved, protocol)), text)
    for each in (trainer, again):
        each.train(30)
    assert again.to_bytes() == trainer.to_bytes()


def test_a_saved_training_says_what_it_lacks_and_takes_no_other_text(text: str) -> None:
    saved = pickle.loads(pickle.dumps(trainer_of(text)))
    assert repr(saved).endswith("hidden_size=7, dtype='float32'), 0 windows>")
    with pytest.raises(AttributeError, match=r"no 'train', for its text .*resume\(saved, text\)"):
        saved.train(10)
    with pytest.raises(ValueError, match="give the same one to resume"):
        crnn.Trainer.resume(saved, text[::-1])


def test_a_damaged_pickle_of_a_trainer_is_refused(text: str) -> None:
    data = bytearray(pickle.dumps(trainer_of(text)))
    data[data.index(b"smooth_loss") + 3] ^= 1
    with pytest.raises(crnn.CheckpointError, match="pickle of a Trainer"):
        pickle.loads(bytes(data))


def test_values_pickle_and_copy() -> None:
    model = crnn.RNN("ab", 3)
    trainer = crnn.Trainer(model, "ab" * 50, report_every=5, seq_length=3)
    values: list[Any] = [
        crnn.Settings(optimizer="adam", clip_norm=np.inf), model.vocab, model.score("abba"),
        *trainer.run(10, every=5), crnn.Drawn("a", -0.5, 0.0), crnn.Sample("ab", None),
        model.state(), model.states(2),
    ]  # fmt: skip
    for value in values:
        for twin in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
            assert type(twin) is type(value)
            assert twin == value
    (sample,) = model.samples(5, seed=1, details=True)
    text, logprobs = pickle.loads(pickle.dumps(sample))
    assert text == sample.text
    np.testing.assert_array_equal(logprobs, sample.logprobs)
    read = corpus.corpus_of_text("abab")
    assert pickle.loads(pickle.dumps(read)).sha256 == read.sha256
    assert pickle.loads(pickle.dumps(trainer.history)).tobytes() == trainer.history.tobytes()


@pytest.mark.parametrize(
    "error",
    [
        crnn.DivergenceError("the loss became nan by window 7"), crnn.CheckpointError("x"),
        CodecError("x"), TextError("x"),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_errors_come_back_as_they_were(error: Exception) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is type(error)
        assert (str(twin), twin.args, vars(twin)) == (str(error), error.args, vars(error))


def test_what_cannot_be_pickled_says_so() -> None:
    model = crnn.RNN("ab", 3)
    for thing in (model.stream(5), core.Net(2, 3, False), core.State(core.Net(2, 3, False))):
        for way in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="pickle"):
                way(thing)
    with pytest.raises(TypeError, match="make another one, with the same seed"):
        pickle.dumps(model.stream(5))
