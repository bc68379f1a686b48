"""Trainer against the oracle's main loop, its reports, and exact resuming."""

from __future__ import annotations

import threading
import time
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


def test_stop_ends_a_training_in_another_thread(text: str) -> None:
    trainer = make(text, sample_every=0)
    thread = threading.Thread(target=trainer.train, args=(10**9,))
    thread.start()
    while trainer.step < 100:
        time.sleep(0.001)  # the training holds no lock that would keep this thread from running
    with pytest.raises(RuntimeError, match="running in another thread"):
        trainer.train(10**9)
    trainer.stop()
    thread.join(60)
    assert not thread.is_alive()


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


@pytest.mark.parametrize("missing", ["settings", "seed", "sampler", "position", "text"])
def test_a_training_that_lacks_something_is_named(tmp_path: Path, text: str, missing: str) -> None:
    make(text).save(tmp_path / "m")
    tensors, header = checkpoint.read(tmp_path / "m")
    record: Any = header["training"]
    record.pop(missing)
    checkpoint.write(tmp_path / "m", tensors, header)
    with pytest.raises(crnn.CheckpointError, match=f"does not describe a training.*{missing}"):
        crnn.Trainer.resume(tmp_path / "m", text)


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
        ("ab" * 5, ValueError, "text has 10 characters, a seq_length of 9 needs at least 11"),
        ("", ValueError, "text has 0 characters"),
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


def test_the_shortest_text_trains() -> None:
    trainer = crnn.Trainer(crnn.RNN("ab", 3), "ab" * 5 + "a", seq_length=9)
    trainer.train(5)
    assert trainer.step == 5


@pytest.mark.parametrize(("steps", "error"), [(-1, ValueError), (1.5, TypeError)])
def test_bad_steps(text: str, steps: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="steps"):
        make(text).train(steps)
