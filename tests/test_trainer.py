"""Trainer against the oracle's main loop, its reports, and exact resuming."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle import notebook
from test_model import oracle_of, same_parameters

import crnn
from crnn import checkpoint
from crnn.model import PARAMETERS

DTYPES = pytest.mark.parametrize("dtype", ["float64", "float32"])


def make(text: str, dtype: str = "float64", **keywords: Any) -> crnn.Trainer:
    model = crnn.RNN(crnn.Vocab.from_text(text), hidden_size=13, dtype=dtype, seed=1)
    return crnn.Trainer(model, text, **({"seq_length": 9} | keywords))


@DTYPES
def test_training_follows_the_oracle(text: str, dtype: str) -> None:
    # At the reference's rate of 0.1 two correct programs part after some 50 steps (Adagrad's first
    # steps are chaotic); at 0.001 they stay together, through several turns of the text.
    trainer = make(text, dtype, learning_rate=0.001)
    params = oracle_of(trainer.model)
    trainer.train(300)
    losses, state = notebook.train(
        params, trainer.model.vocab.encode(text).tolist(), 300, seq_length=9, learning_rate=0.001
    )
    tolerance = 1e-11 if dtype == "float64" else 2e-4
    assert abs(trainer.smooth_loss / losses[-1] - 1) < tolerance
    for name in PARAMETERS:
        wanted = getattr(state.params, name)
        error = np.max(np.abs(getattr(trainer.model, name) - wanted)) / np.max(np.abs(wanted))
        assert error < tolerance, name


def test_smooth_loss_begins_at_a_uniform_guess(text: str) -> None:
    trainer = make(text)
    assert trainer.smooth_loss == pytest.approx(9 * np.log(len(trainer.model.vocab)), rel=1e-15)


@DTYPES
def test_training_learns(text: str, dtype: str) -> None:
    trainer = make(text, dtype)
    start = trainer.smooth_loss
    trainer.train(3000)
    assert trainer.smooth_loss < start / 3
    assert "question" in trainer.model.sample(300, prime="to be", temperature=0.3, seed=1)


def test_steps_in_pieces_are_steps_at_once(text: str) -> None:
    whole, pieces = make(text), make(text)
    whole.train(700)
    for steps in (1, 0, 250, 3, 446):
        pieces.train(steps)
    assert pieces.step == whole.step == 700
    assert same_parameters(whole.model, pieces.model)
    assert whole.smooth_loss == pieces.smooth_loss


def test_indices_train_like_their_text(text: str) -> None:
    by_text = make(text)
    model = crnn.RNN(by_text.model.vocab, hidden_size=13, dtype="float64", seed=1)
    by_index = crnn.Trainer(model, model.vocab.encode(text).astype("uint8"), seq_length=9)
    by_text.train(50)
    by_index.train(50)
    assert same_parameters(by_text.model, by_index.model)


# --- reports --------------------------------------------------------------------------------------


def test_reports_come_as_in_the_reference(text: str) -> None:
    reports: list[crnn.Report] = []
    trainer = make(text, report_every=10, sample_every=20, sample_length=30)
    untrained = make(text)
    trainer.train(45, reports.append)
    assert [report.iteration for report in reports] == [0, 10, 20, 30, 40]
    assert [report.sample is not None for report in reports] == [True, False, True, False, True]
    assert all(len(report.sample) == 30 for report in reports if report.sample)
    first = reports[0].smooth_loss
    assert first == pytest.approx(untrained.smooth_loss, rel=1e-3)  # after its own window
    assert reports[0].bits_per_char == pytest.approx(first / 9 / np.log(2))
    assert trainer.history["iteration"].tolist() == [0, 10, 20, 30, 40]
    assert trainer.history["smooth_loss"].tolist() == [report.smooth_loss for report in reports]


def test_samples_between_reports_come_but_are_no_rows(text: str) -> None:
    reports: list[crnn.Report] = []
    trainer = make(text, report_every=10, sample_every=4)
    trainer.train(11, reports.append)
    assert [report.iteration for report in reports] == [0, 4, 8, 10]
    assert trainer.history["iteration"].tolist() == [0, 10]


def test_sampling_does_not_disturb_training(text: str) -> None:
    often, never = make(text, sample_every=1), make(text, sample_every=0)
    often.train(40)
    never.train(40)
    assert same_parameters(often.model, never.model)
    assert often.smooth_loss == never.smooth_loss


def test_first_sample_is_drawn_from_the_untrained_model(text: str) -> None:
    reports: list[crnn.Report] = []
    trainer = make(text, sample_length=4000, report_every=1, sample_every=1)
    trainer.train(1, reports.append)
    assert reports[0].sample is not None
    shares = [reports[0].sample.count(char) / 4000 for char in trainer.model.vocab.chars]
    assert max(shares) < 3 / len(shares)  # near uniform, which one Adagrad step already is not


def test_callback_stops_and_its_exceptions_leave_the_trainer_usable(text: str) -> None:
    trainer, whole = make(text, report_every=10), make(text, report_every=10)
    trainer.train(100, lambda report: report.iteration == 30)
    assert trainer.step == 31

    def fail(report: crnn.Report) -> None:
        raise KeyError(report.iteration)

    with pytest.raises(KeyError):
        trainer.train(100, fail)
    trainer.train(100 - trainer.step)
    whole.train(100)
    assert same_parameters(trainer.model, whole.model)


@contextmanager
def training_elsewhere(trainer: crnn.Trainer) -> Iterator[None]:
    """Another thread trains meanwhile."""
    thread = threading.Thread(target=trainer.train, args=(10**9,), daemon=True)
    begun = trainer.step
    thread.start()
    try:
        while trainer.step < begun + 100:
            time.sleep(0.001)  # no lock keeps this thread from running
        yield
    finally:
        trainer.stop()
        thread.join(60)
    assert not thread.is_alive()


def test_stop_ends_a_training_in_another_thread(text: str) -> None:
    trainer = make(text, sample_every=0)
    with training_elsewhere(trainer):
        pass
    assert 100 <= trainer.step < 10**9


def test_only_one_thread_uses_a_trainer(tmp_path: Path, text: str) -> None:
    trainer = make(text, report_every=50, sample_every=50)
    with training_elsewhere(trainer):
        for _ in range(20):
            with pytest.raises(RuntimeError, match="another thread is using this trainer"):
                trainer.train(10)
            with pytest.raises(RuntimeError, match="another thread is using this trainer"):
                trainer.save(tmp_path / "torn")
    assert not (tmp_path / "torn").exists()
    whole = make(text, report_every=50, sample_every=50)
    whole.train(trainer.step)
    assert same_parameters(trainer.model, whole.model)
    np.testing.assert_array_equal(trainer.history, whole.history)


def test_a_callback_may_save_and_train_on(tmp_path: Path, text: str) -> None:
    trainer, whole = make(text, report_every=10), make(text, report_every=10)

    def save(report: crnn.Report) -> None:
        if report.iteration == 20:
            trainer.save(tmp_path / "m")

    trainer.train(50, save)
    resumed = crnn.Trainer.resume(tmp_path / "m", text)
    assert resumed.step == 21
    resumed.train(29)
    whole.train(50)
    assert same_parameters(resumed.model, whole.model)


def test_an_interrupt_anywhere_changes_nothing(tmp_path: Path, text: str) -> None:
    keywords: dict[str, Any] = {"report_every": 3, "sample_every": 2, "sample_length": 40}
    wanted: list[crnn.Report] = []
    whole = make(text, **keywords)
    whole.train(20, wanted.append)
    whole.save(tmp_path / "whole")
    for lines in range(1, 600, 3):
        got: list[crnn.Report] = []
        trainer = make(text, **keywords)
        with interrupted_after(lines):
            trainer.train(20, got.append)
        trainer.train(20 - trainer.step, got.append)
        trainer.save(tmp_path / "parts")
        assert (tmp_path / "parts").read_bytes() == (tmp_path / "whole").read_bytes(), lines
        assert all(report in wanted for report in got)
        assert len(got) >= len(wanted) - 1


@contextmanager
def interrupted_after(lines: int) -> Iterator[None]:
    """Raise KeyboardInterrupt when `lines` more lines of trainer.py have been run."""
    left = lines

    def trace(frame: Any, event: str, argument: Any) -> Any:
        nonlocal left
        if event == "line" and frame.f_code.co_filename.endswith("/trainer.py"):
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)


def test_a_stop_before_training_is_not_lost(text: str) -> None:
    trainer = make(text)
    trainer.stop()
    trainer.train(100)
    assert trainer.step == 0
    trainer.train(100)
    assert trainer.step == 100


# --- checkpoints ----------------------------------------------------------------------------------


@DTYPES
def test_resuming_gives_the_same_bytes(tmp_path: Path, text: str, dtype: str) -> None:
    reports: dict[str, list[crnn.Report]] = {"whole": [], "parts": []}
    keywords: dict[str, Any] = {"report_every": 100, "sample_every": 50, "seed": 7}
    whole, first = make(text, dtype, **keywords), make(text, dtype, **keywords)
    whole.train(1000, reports["whole"].append)
    first.train(400, reports["parts"].append)
    first.save(tmp_path / "first")
    second = crnn.Trainer.resume(tmp_path / "first", text)
    second.train(600, reports["parts"].append)
    assert reports["parts"] == reports["whole"]
    np.testing.assert_array_equal(second.history, whole.history)
    whole.save(tmp_path / "whole")
    second.save(tmp_path / "second")
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "second").read_bytes()


def test_a_checkpoint_is_a_model_file(tmp_path: Path, text: str) -> None:
    trainer = make(text)
    trainer.train(20)
    trainer.save(tmp_path / "m")
    assert same_parameters(crnn.load(tmp_path / "m"), trainer.model)


def test_settings_and_seed_come_back(tmp_path: Path, text: str) -> None:
    trainer = make(text, clip=float("inf"), learning_rate=0.05, seed=[3, 4], sample_length=11)
    trainer.save(tmp_path / "m")
    back = crnn.Trainer.resume(tmp_path / "m", text)
    assert back.settings == trainer.settings
    assert back.seed.entropy == [3, 4]


def test_infinite_clip_does_not_clip(text: str) -> None:
    clipped, free = make(text, clip=0.001), make(text, clip=float("inf"))
    clipped.train(5)
    free.train(5)
    assert not same_parameters(clipped.model, free.model)


def test_another_text_is_refused_with_both_fingerprints(tmp_path: Path, text: str) -> None:
    make(text).save(tmp_path / "m")
    with pytest.raises(ValueError, match=r"fingerprint \w{16}, .*with \w{16}: give the same text"):
        crnn.Trainer.resume(tmp_path / "m", text[::-1])


def test_a_model_without_a_training_cannot_be_resumed(tmp_path: Path, text: str) -> None:
    crnn.RNN("ab", 3).save(tmp_path / "m")
    with pytest.raises(crnn.CheckpointError, match="no training to go on with"):
        crnn.Trainer.resume(tmp_path / "m", text)


@pytest.mark.parametrize("missing", ["settings", "seed", "sampler", "position", "decays", "text"])
def test_a_training_that_lacks_something_is_named(tmp_path: Path, text: str, missing: str) -> None:
    make(text).save(tmp_path / "m")
    tensors, header = checkpoint.read(tmp_path / "m")
    record: Any = header["training"]
    record.pop(missing)
    checkpoint.write(tmp_path / "m", tensors, header)
    with pytest.raises(crnn.CheckpointError, match=f"not describe a training.*{missing}.*missing"):
        crnn.Trainer.resume(tmp_path / "m", text)


DAMAGE = [
    ("training", 5, "training is 5"),
    ("settings", 5, "settings is 5"),
    ("settings", {"hidden_size": 5000}, "settings say hidden_size 5000"),
    ("settings", {"hidden_size": 13, "dtype": "float32"}, "float32, the parameters have 13"),
    ("settings", {"depth": 2}, "unknown settings: depth"),
    ("seed", {}, "expected a dict with entropy"),
    ("smooth_loss", "x", "hexadecimal"),
    ("smooth_loss", "0x1p99999", "too large"),
    ("smooth_loss", [], "hexadecimal"),
    ("step", "x", "step is 'x'"),
    ("step", 2**80, "step"),
    ("step", 2**63 - 1, "step"),
    ("position", -1, "position is -1"),
    ("position", 10**6, "position"),
    ("text", {}, "'characters' is missing"),
    ("decays", [], "decays is .*expected two numbers from 0 to 1"),
    ("decays", ["0x1p0"], "decays is .*expected two numbers"),
    ("decays", ["nan", "nan"], "decays is .*expected two numbers"),
    ("decays", ["0x1p0", "0x1p1"], "decays is .*expected two numbers"),
    ("decays", ["x", "y"], "hexadecimal"),
    ("decays", 5, "decays is 5, expected two numbers"),
    ("decays", "11", "decays is '11', expected two numbers"),
    ("decays", ["0x1p-1", "0x1p-1"], "settings say adagrad, decays .* are of Adam"),
]


@pytest.mark.parametrize(("name", "value", "message"), DAMAGE)
def test_a_sealed_file_that_says_nonsense_is_refused(
    tmp_path: Path, text: str, name: str, value: Any, message: str
) -> None:
    make(text).save(tmp_path / "m")
    tensors, header = checkpoint.read(tmp_path / "m")
    record: Any = header["training"]
    if name == "training":
        header["training"] = value
    else:
        record[name] = value
    checkpoint.write(tmp_path / "m", tensors, header)
    with pytest.raises(crnn.CheckpointError, match=f"m' does not describe a training.*{message}"):
        crnn.Trainer.resume(tmp_path / "m", text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mWhh", np.zeros((1, 1))),
        ("mWhh", np.zeros((13, 13), "float32")),
        ("hprev", np.zeros(13)),
        ("history_iteration", np.zeros(3, np.int64)),
    ],
)
def test_a_sealed_file_whose_arrays_do_not_fit_is_refused(
    tmp_path: Path, text: str, name: str, value: Any
) -> None:
    make(text).save(tmp_path / "m")
    tensors, header = checkpoint.read(tmp_path / "m")
    checkpoint.write(tmp_path / "m", tensors | {name: value}, header)
    with pytest.raises(crnn.CheckpointError, match="m' does not describe a training"):
        crnn.Trainer.resume(tmp_path / "m", text)


def test_what_is_no_model_or_no_function_is_named(text: str) -> None:
    with pytest.raises(TypeError, match="model is of type NoneType, expected an RNN"):
        crnn.Trainer(None, text)  # type: ignore[arg-type]
    trainer = make(text)
    with pytest.raises(TypeError, match="callback is 3, expected a function"):
        trainer.train(5, 3)  # type: ignore[arg-type]
    assert trainer.step == 0


def test_a_sample_that_does_not_fit_into_memory_is_named_at_once(text: str) -> None:
    trainer = make(text, sample_length=10**16)
    with pytest.raises(MemoryError, match=r"sample_length is 10,000,000,000,000,000: .*are needed"):
        trainer.train(1)
    assert trainer.step == 0


def test_a_training_that_does_not_fit_into_memory_names_its_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = crnn.RNN("ab", 50)  # its parameters alone take 13 kB
    monkeypatch.setattr(os, "sysconf", lambda name: 200)
    with pytest.raises(
        MemoryError, match=r"hidden_size is 50, seq_length 5 and batch_size 1: .*has 40,000"
    ):
        crnn.Trainer(model, "ab" * 50, seq_length=5)


# --- streams, optimizers, threads -----------------------------------------------------------------


@pytest.fixture
def uneven(text: str) -> str:
    """A text whose three parts are not the same: it repeats itself every 76 characters."""
    return text[5:]


def busy(text: str, **keywords: Any) -> crnn.Trainer:
    """Three streams under Adam, with windows large enough for two threads."""
    model = crnn.RNN(crnn.Vocab.from_text(text), hidden_size=90, seed=1)
    several: dict[str, Any] = {
        "seq_length": 80, "batch_size": 3, "optimizer": "adam", "learning_rate": 0.002,
        "threads": 2, "report_every": 4, "sample_every": 6, "sample_length": 9,
    }  # fmt: skip
    return crnn.Trainer(model, text, **(several | keywords))


@pytest.mark.parametrize("optimizer", ["adam", "adagrad"])
def test_resuming_streams_gives_the_same_bytes(tmp_path: Path, uneven: str, optimizer: str) -> None:
    """Resumed where the text begins again and where it does not; it wraps after three windows."""
    whole = busy(uneven, optimizer=optimizer)
    whole.train(17)
    whole.save(tmp_path / "whole")
    whole.model.save(tmp_path / "whole model")
    for steps in (3, 8):
        first = busy(uneven, optimizer=optimizer)
        first.train(steps)
        assert (first._core.position == 0) == (steps == 3)
        first.save(tmp_path / "first")
        second = crnn.Trainer.resume(tmp_path / "first", uneven)
        assert second._core.decays == first._core.decays
        second.train(17 - steps)
        second.save(tmp_path / "second")
        second.model.save(tmp_path / "second model")
        for name in ("", " model"):
            one, other = (tmp_path / f"{which}{name}" for which in ("whole", "second"))
            assert one.read_bytes() == other.read_bytes(), (steps, name)


def test_resuming_with_other_threads_gives_the_same_model(tmp_path: Path, uneven: str) -> None:
    whole, first = busy(uneven), busy(uneven)
    whole.train(12)
    first.train(5)
    first.save(tmp_path / "first")
    for threads in (1, 7):
        second = crnn.Trainer.resume(tmp_path / "first", uneven, threads=threads)
        assert second.settings.threads == threads
        second.train(7)
        assert same_parameters(second.model, whole.model)
        assert second.smooth_loss == whole.smooth_loss
    with pytest.raises(ValueError, match="threads is 0, expected an integer of at least 1"):
        crnn.Trainer.resume(tmp_path / "first", uneven, threads=0)


def test_a_checkpoint_has_a_state_for_each_stream_and_what_its_optimizer_remembers(
    tmp_path: Path, uneven: str
) -> None:
    trainer = busy(uneven)
    trainer.train(2)
    trainer.save(tmp_path / "m")
    tensors, _ = checkpoint.read(tmp_path / "m")
    assert {name for name in tensors if name[0] in "mv"} == {
        m + n for m in "mv" for n in PARAMETERS
    }
    assert tensors["hprev"].shape == (90, 3)
    states = {column.tobytes() for column in np.ascontiguousarray(tensors["hprev"].T)}
    assert len(states) == 3
    plain = make(uneven)
    plain.save(tmp_path / "plain")
    tensors, _ = checkpoint.read(tmp_path / "plain")
    assert {name for name in tensors if name[0] in "mv"} == {"m" + name for name in PARAMETERS}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hprev": np.zeros((90, 2), "float32")}, r"hprev is .*shape \(90, 2\), .*\(90, 3\)"),
        ({"hprev": np.zeros((3, 90), "float32")}, r"hprev is .*shape \(3, 90\)"),
        ({"hprev": np.zeros((90, 3))}, "hprev is float64"),
        ({"vWhh": np.zeros((70, 1), "float32")}, "vWhh is float32 of shape"),
        ({"vby": None}, "'vby' is missing"),
        ({"hprev": None}, "'hprev' is missing"),
    ],
)
def test_a_file_whose_streams_or_memories_do_not_fit_is_refused_by_name(
    tmp_path: Path, uneven: str, changes: dict[str, Any], message: str
) -> None:
    busy(uneven).save(tmp_path / "m")
    tensors, header = checkpoint.read(tmp_path / "m")
    changed = {k: v for k, v in (tensors | changes).items() if v is not None}
    checkpoint.write(tmp_path / "m", changed, header)
    with pytest.raises(crnn.CheckpointError, match=f"m' does not describe a training: {message}"):
        crnn.Trainer.resume(tmp_path / "m", uneven)


def test_sampling_does_not_disturb_streams(uneven: str) -> None:
    often, never = busy(uneven, sample_every=1), busy(uneven, sample_every=0)
    often.train(8)
    never.train(8)
    assert same_parameters(often.model, never.model)
    assert often.smooth_loss == never.smooth_loss


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"seq_length": 0}, ValueError, "seq_length is 0, expected an integer of at least 1"),
        ({"seq_length": 2.0}, TypeError, "seq_length is 2.0, expected an integer"),
        ({"learning_rate": 0}, ValueError, "learning_rate is 0, expected a number above 0"),
        ({"learning_rate": float("nan")}, ValueError, "learning_rate is nan"),
        ({"clip": -1.0}, ValueError, "clip is -1.0, expected a number above 0"),
        ({"report_every": 0}, ValueError, "report_every is 0"),
        ({"sample_every": -1}, ValueError, "sample_every is -1, expected an integer of at least 0"),
        ({"seed": "x"}, TypeError, "seed"),
        ({"batch_size": 0}, ValueError, "batch_size is 0, expected an integer of at least 1"),
        ({"batch_size": 1.0}, TypeError, "batch_size is 1.0, expected an integer"),
        ({"threads": 0}, ValueError, "threads is 0, expected an integer of at least 1"),
        ({"optimizer": "sgd"}, ValueError, "optimizer is 'sgd', expected 'adagrad' or 'adam'"),
        ({"optimizer": None}, ValueError, "optimizer is None, expected 'adagrad' or 'adam'"),
    ],
)
def test_bad_settings(
    text: str, keywords: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make(text, **keywords)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("ab" * 5, ValueError, "length is 10, a seq_length of 9 needs at least 11"),
        ("", ValueError, "length is 0"),
        ("abz" * 9, ValueError, r"text.*'z'.*U\+007A"),
        (np.array([0, 1, 2] * 9), IndexError, r"text\[2\] is 2, expected an index from 0 to 1"),
        (np.zeros(30), TypeError, "text has dtype float64"),
        (None, TypeError, "text is of type NoneType"),
        (b"abab" * 9, TypeError, "text is of type bytes"),
    ],
)
def test_bad_texts(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        crnn.Trainer(crnn.RNN("ab", 3), given, seq_length=9)


def test_a_text_too_short_for_its_streams_says_what_they_need() -> None:
    wanted = r"length is 32, a seq_length of 9 in 3 streams needs at least 33: .* or batch_size"
    with pytest.raises(ValueError, match=wanted):
        crnn.Trainer(crnn.RNN("ab", 3), "ab" * 16, seq_length=9, batch_size=3)
    trainer = crnn.Trainer(crnn.RNN("ab", 3), "ab" * 17, seq_length=9, batch_size=3)
    trainer.train(5)
    assert trainer.step == 5


def test_the_shortest_text_trains() -> None:
    trainer = crnn.Trainer(crnn.RNN("ab", 3), "ab" * 5 + "a", seq_length=9)
    trainer.train(5)
    assert trainer.step == 5


@pytest.mark.parametrize(("steps", "error"), [(-1, ValueError), (1.5, TypeError)])
def test_bad_steps(text: str, steps: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="steps"):
        make(text).train(steps)
