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
    assert trainer.history.tobytes() == whole.history.tobytes()


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
    assert second.history.tobytes() == whole.history.tobytes()
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
    with pytest.raises(
        ValueError, match=r"fingerprint \w{16}, .*fingerprint \w{16}: give the same one"
    ):
        crnn.Trainer.resume(tmp_path / "m", text[::-1])


def test_a_model_without_a_training_cannot_be_resumed(tmp_path: Path, text: str) -> None:
    crnn.RNN("ab", 3).save(tmp_path / "m")
    with pytest.raises(crnn.CheckpointError, match="no training to go on with"):
        crnn.Trainer.resume(tmp_path / "m", text)


@pytest.mark.parametrize(
    "missing", ["settings", "seed", "dropout", "positions", "running", "material"]
)
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
    ("positions", [-1], "positions is -1"),
    ("positions", [10**6], "position 1000000 of stream 0 does not fit"),
    ("positions", [0, 0], "2 positions: expected .* 1, one a stream"),
    ("positions", 5, "not iterable"),
    ("total", -1, "total is -1"),
    ("material", 5, "material is 5"),
    ("progress", {}, "'best_loss' is missing"),
    ("running", [], "running is .*expected three numbers from 0 to 1"),
    ("running", ["0x1p0"], "running is .*expected three numbers"),
    ("running", ["nan", "nan", "nan"], "running is 'nan', expected a number from 0 to 1"),
    ("running", ["0x1p0", "0x1p0", "0x1p1"], "running is '0x1p1', expected a number from 0 to 1"),
    ("running", ["x", "y", "z"], "hexadecimal"),
    ("running", 5, "running is 5, expected three numbers"),
    ("running", "111", "running is '111', expected three numbers"),
    ("running", ["0x1p0", "0x1p-1", "0x1p-1"], "settings say adagrad, the powers .* are of Adam"),
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
        assert (first._core.positions == [0, 0, 0]) == (steps == 3)
        first.save(tmp_path / "first")
        second = crnn.Trainer.resume(tmp_path / "first", uneven)
        assert second._core.optimizer.running == first._core.optimizer.running
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


# --- validation -----------------------------------------------------------------------------------


def validating(text: str, **keywords: Any) -> crnn.Trainer:
    few: dict[str, Any] = {"val_fraction": 0.1, "val_every": 100, "learning_rate": 0.05}
    return make(text, **(few | keywords))


def loss_of_all(model: crnn.RNN, indices: list[int]) -> float:
    """Nats per character of all but the first, by the oracle, as one long window."""
    nothing = np.zeros((model.hidden_size, 1))
    loss = notebook.loss_only(oracle_of(model), indices[:-1], indices[1:], nothing)
    return float(loss) / (len(indices) - 1)


def test_training_is_on_the_first_part_and_validation_on_the_rest(text: str) -> None:
    trainer = validating(text)
    cut = int(len(text) * 0.9)
    plain = make(text[:cut], learning_rate=0.05)
    trainer.train(450)
    plain.train(450)
    for name in PARAMETERS:  # the vocabularies may differ
        assert np.isfinite(getattr(trainer.model, name)).all()
    if plain.model.vocab == trainer.model.vocab:
        assert same_parameters(trainer.model, plain.model)
    indices = trainer.model.vocab.encode(text[cut:]).tolist()
    wanted = loss_of_all(trainer.model, indices)
    assert trainer.validate() == pytest.approx(wanted, rel=1e-12)


def test_validations_come_when_due_and_after_the_last_window(text: str) -> None:
    trainer, seen = validating(text, steps=250), []

    def collect(report: crnn.Report) -> None:
        if report.val_loss is not None:
            seen.append((report.iteration, report.val_loss))

    trainer.train(200, collect)
    assert [iteration for iteration, _ in seen] == [99, 199]
    assert not trainer.is_over
    trainer.finish(collect)
    assert [iteration for iteration, _ in seen] == [99, 199, 249]
    assert trainer.is_over
    assert trainer.val_loss == seen[-1][1]
    assert trainer.best_val_loss == min(loss for _, loss in seen)
    rows = trainer.history[~np.isnan(trainer.history["val_loss"])]
    assert rows["val_loss"].tolist() == [loss for _, loss in seen]


def test_validation_does_not_disturb_training(text: str) -> None:
    some, none = validating(text), validating(text, val_every=10**6)
    for trainer in (some, none):
        trainer.train(450)
    assert same_parameters(some.model, none.model)


def test_a_validation_text_of_its_own(text: str) -> None:
    trainer = make(text, val_text=text[::-1], val_every=5)
    trainer.train(5)
    assert trainer.val_loss == trainer.validate()
    with pytest.raises(ValueError, match="val_text and val_fraction are both given"):
        make(text, val_text=text, val_fraction=0.1)
    with pytest.raises(ValueError, match=r"val_text.*'%'"):
        make(text, val_text=text + "%")
    with pytest.raises(ValueError, match="no validation text"):
        make(text).validate()


def test_patience_ends_a_training_that_grows_no_better(text: str) -> None:
    trainer = validating(text, val_every=20, patience=3, learning_rate=0.5, steps=10**6)
    trainer.finish()
    assert trainer.is_over
    assert trainer.step < 10**6
    losses = trainer.history["val_loss"][~np.isnan(trainer.history["val_loss"])]
    assert np.argmin(losses) == len(losses) - 4
    assert trainer.best_step == trainer.step - 60


def test_a_plateau_lowers_the_rate(text: str) -> None:
    trainer = validating(text, val_every=20, plateau=2, decay_factor=0.5, learning_rate=0.5)
    trainer.train(2000)
    rates = set(trainer.history["learning_rate"].tolist())
    assert rates >= {0.5, 0.25}
    assert all(np.log2(rate / 0.5) % 1 == 0 for rate in rates)


@pytest.mark.parametrize("first", [150, 200, 333])
def test_everything_comes_back_when_resumed(tmp_path: Path, text: str, first: int) -> None:
    """Validation, plateau, dropout, schedule, norm and documents, in the same bytes."""
    lines = text.replace(". ", ".\n")
    keywords: dict[str, Any] = {
        "val_fraction": 0.1, "val_every": 50, "plateau": 2, "learning_rate": 0.02, "dropout": 0.25,
        "optimizer": "adamw", "weight_decay": 0.01, "clip_norm": 1.0, "schedule": "cosine",
        "warmup": 30, "steps": 400, "batch_size": 3, "documents": "line", "report_every": 40,
        "on_divergence": "halve-rate", "freeze": "bh",
    }  # fmt: skip
    whole, part = make(lines, **keywords), make(lines, **keywords)
    whole.finish()
    part.train(first)
    part.save(tmp_path / "part")
    resumed = crnn.Trainer.resume(tmp_path / "part", lines)
    resumed.finish()
    whole.save(tmp_path / "whole")
    resumed.save(tmp_path / "resumed")
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "resumed").read_bytes()
    assert not np.any(whole.model.bh)  # frozen where it began


# --- documents ------------------------------------------------------------------------------------


def test_documents_are_learned_apart(text: str) -> None:
    """What comes after a document's end is never asked of a state that has seen it."""
    documents = ["ab", "cd" * 8, "x", "efg" * 9]
    model = crnn.RNN(crnn.Vocab.from_text("".join(documents)), hidden_size=12, seed=1)
    trainer = crnn.Trainer(model, documents, seq_length=4, learning_rate=0.05)
    trainer.train(1500)
    state = model.state()
    p = dict(zip(model.vocab.chars, state.feed("a"), strict=True))
    assert p["b"] > 0.9
    p = dict(zip(model.vocab.chars, model.state().feed("c"), strict=True))
    assert p["d"] > 0.9


def test_lines_and_lists_of_them_are_the_same_documents(text: str) -> None:
    lines = text.replace(" ", "\n")
    one = make(lines, documents="line")
    other = make(lines)
    listed = crnn.Trainer(other.model, lines.splitlines(keepends=True), seq_length=9)
    for trainer in (one, listed):
        trainer.train(300)
    assert same_parameters(one.model, other.model)
    assert one._material.record == listed._material.record


def test_whole_documents_are_held_back() -> None:
    documents = ["abc" * 10, "bca" * 10, "cab" * 10, "aabbcc" * 5]
    trainer = crnn.Trainer(crnn.RNN("abc", 3), documents, seq_length=5, val_fraction=0.3)
    assert (trainer._material.characters, trainer._material.validated) == (90, 30)
    with pytest.raises(ValueError, match="the text is a single one"):
        crnn.Trainer(crnn.RNN("abc", 3), ["abc" * 50], seq_length=5, val_fraction=0.3)
    with pytest.raises(ValueError, match="no document of two characters"):
        crnn.Trainer(crnn.RNN("abc", 3), ["a"] * 50, seq_length=5)


# --- the end, and changes on the way --------------------------------------------------------------


def test_time_becomes_a_number_of_windows_which_gives_the_same_bytes(text: str) -> None:
    keywords: dict[str, Any] = {
        "optimizer": "adamw",
        "learning_rate": 0.01,
        "schedule": "trapezoid",
    }
    timed = make(text, time=0.4, **keywords)
    assert timed.total is None
    timed.finish()
    assert timed.total == timed.step == timed.settings.steps
    counted = make(text, steps=timed.step, **keywords)
    counted.finish()
    assert same_parameters(timed.model, counted.model)


def test_a_training_gets_another_end(tmp_path: Path, text: str) -> None:
    trainer = make(text, steps=100)
    trainer.finish()
    trainer.extend(steps=150)
    assert not trainer.is_over
    trainer.finish()
    assert trainer.step == 150
    trainer.extend(time=0.2)
    assert trainer.total is None
    trainer.save(tmp_path / "m")
    resumed = crnn.Trainer.resume(tmp_path / "m", text)
    assert resumed.total is None
    resumed.finish()
    assert resumed.step == resumed.total
    assert resumed.step > 150


def test_run_yields_reports_and_trains_the_same(text: str) -> None:
    stepwise, whole = make(text), make(text)
    reports = list(stepwise.run(250, every=100))
    whole.train(250)
    assert [report.iteration for report in reports] == [99, 199, 249]
    assert reports[-1].smooth_loss == whole.smooth_loss
    assert same_parameters(stepwise.model, whole.model)
    assert stepwise.history.tobytes() == whole.history.tobytes()


def test_settings_change_on_the_way_and_are_remembered(tmp_path: Path, text: str) -> None:
    trainer = make(text, learning_rate=0.1)
    trainer.train(50)
    trainer.set(learning_rate=0.01, report_every=10)
    trainer.train(1)
    assert trainer.learning_rate == 0.01
    trainer.save(tmp_path / "m")
    resumed = crnn.Trainer.resume(tmp_path / "m", text)
    for one in (trainer, resumed):
        one.train(100)
    assert resumed.settings.report_every == 10
    assert same_parameters(trainer.model, resumed.model)
    with pytest.raises(ValueError, match="seq_length cannot be changed on the way"):
        trainer.set(seq_length=5)
    with pytest.raises(ValueError, match="learning_rate is -1"):
        trainer.set(learning_rate=-1)


def test_new_data_may_be_allowed(tmp_path: Path, text: str) -> None:
    trainer = make(text)
    trainer.train(30)
    trainer.save(tmp_path / "m")
    resumed = crnn.Trainer.resume(tmp_path / "m", text[::-1], new_data=True)
    assert resumed.step == 30
    assert resumed._core.positions == [0]
    resumed.train(10)


def test_another_end_outlives_going_back(text: str) -> None:
    trainer = make(text, on_divergence="halve-rate", report_every=10, steps=30)
    trainer.train(21)
    trainer.extend(steps=100)
    trainer.train(4)
    trainer.model.Whh[0, 0] = np.nan
    trainer.finish()
    assert (trainer.step, trainer.total) == (100, 100)


def test_new_data_is_not_gone_back_from_to_the_old(tmp_path: Path, text: str) -> None:
    trainer = make(text, on_divergence="halve-rate", report_every=10)
    trainer.train(75)
    trainer.save(tmp_path / "m")
    resumed = crnn.Trainer.resume(tmp_path / "m", text[:100], new_data=True)
    resumed.train(3)
    resumed.model.Whh[0, 0] = np.nan
    with pytest.raises(crnn.DivergenceError):  # no report was good on this text yet
        resumed.train(50)


def test_stopping_is_for_lost_trainings_if_it_was_set_on_the_way(text: str) -> None:
    trainer = make(text, on_divergence="halve-rate", report_every=10)
    trainer.train(20)
    trainer.set(on_divergence="stop")
    trainer.model.Whh[0, 0] = np.nan
    with pytest.raises(crnn.DivergenceError):
        trainer.train(20)
    with pytest.raises(ValueError, match="threads cannot be changed"):
        trainer.set(threads=2)


def test_a_damaged_place_to_go_back_to_is_refused(tmp_path: Path, text: str) -> None:
    trainer = make(text, on_divergence="halve-rate", report_every=10)
    trainer.train(20)
    trainer.save(tmp_path / "m")
    tensors, header = checkpoint.read(tmp_path / "m")
    del tensors["good.hprev"]
    checkpoint.write(tmp_path / "m", tensors, header)
    with pytest.raises(crnn.CheckpointError, match="does not describe a training: 'hprev'"):
        crnn.Trainer.resume(tmp_path / "m", text)


def test_run_ends_when_told_to(text: str) -> None:
    trainer = make(text)
    seen = []
    for report in trainer.run(100, every=10):
        seen.append(report.iteration)
        if len(seen) == 2:
            trainer.stop()
    assert seen == [9, 19, 19]


def test_any_number_of_threads_gives_the_same_file(text: str) -> None:
    one, two = (make(text, batch_size=4, threads=threads) for threads in (1, 2))
    for trainer in (one, two):
        trainer.train(30)
    assert one.to_bytes() == two.to_bytes()


def test_what_takes_longer_than_the_time_is_said(text: str) -> None:
    trainer = make(text, time=0.001, val_text=text * 100)
    with pytest.raises(ValueError, match="to validate on 90,000 characters and to save takes"):
        trainer.finish()
    assert trainer.step == 0


def test_a_validation_text_may_be_documents(text: str) -> None:
    trainer = make(text, val_text=[text[:50], text[50:90]])
    assert trainer.settings.documents == "file"
    indices = [trainer.model.vocab.encode(part).tolist() for part in (text[:50], text[50:90])]
    losses = [loss_of_all(trainer.model, part) * (len(part) - 1) for part in indices]
    assert trainer.validate() == pytest.approx(sum(losses) / 88, rel=1e-12)
    with pytest.raises(ValueError, match="documents is 'line', and text is indices"):
        crnn.Trainer(trainer.model, np.zeros(99, int), documents="line")


def test_two_trainers_in_two_threads_do_not_disturb_each_other(text: str) -> None:
    alone = [make(text, seed=seed, dropout=0.2, sample_every=20) for seed in (1, 2)]
    together = [make(text, seed=seed, dropout=0.2, sample_every=20) for seed in (1, 2)]
    for trainer in alone:
        trainer.train(400)
    threads = [threading.Thread(target=trainer.train, args=(400,)) for trainer in together]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(alone, together, strict=True):
        assert same_parameters(one.model, other.model)
        assert one.history.tobytes() == other.history.tobytes()


def test_a_lost_training_says_so_and_is_not_saved(tmp_path: Path, text: str) -> None:
    wild: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 1e30, "clip": float("inf")}
    trainer = make(text, report_every=10, **wild)
    with pytest.raises(
        crnn.DivergenceError, match=r"twice that of a uniform guess, by window 1,001: .* smaller"
    ):
        trainer.train(2000)
    trainer = make(text, report_every=10)
    trainer.train(5)
    trainer.model.by[0] = np.nan
    with pytest.raises(crnn.DivergenceError, match=r"the loss became nan by window 11: .* smaller"):
        trainer.train(100)
    with pytest.raises(crnn.DivergenceError):
        trainer.save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


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
        ({"optimizer": "Adamm"}, ValueError, "expected 'sgd', .* or 'adamw': did you mean 'adam'"),
        ({"optimizer": None}, TypeError, "optimizer is None, expected a str"),
        ({"schedule": "cosin"}, ValueError, "schedule is 'cosin', .* did you mean 'cosine'"),
        ({"schedule": "cosine", "steps": 5, "warmup": 5}, ValueError, "warmup is 5 windows of 5"),
        ({"dropout": 1.0}, ValueError, "dropout is 1.0, .* of at least 0 and below 1"),
        ({"val_fraction": -0.1}, ValueError, "val_fraction is -0.1, .* and below 1"),
        ({"val_fraction": 0.001}, ValueError, "the validation text has 1 character"),
        ({"val_fraction": 0.99}, ValueError, "length is 9, a seq_length of 9 needs"),
        ({"freeze": "Why,bz"}, ValueError, "freeze names bz, expected Wxh Whh Why bh by"),
        ({"documents": "page"}, ValueError, "documents is 'page'"),
        ({"decay_factor": 2}, ValueError, "decay_factor is 2, .* above 0 and at most 1"),
        ({"time": float("inf")}, ValueError, "time is inf, expected a finite number"),
        ({"learning_rate": float("inf")}, ValueError, "learning_rate is inf, expected a finite"),
        ({"warmup": 2**70}, ValueError, "warmup is 1180591620717411303424, .* at most"),
        ({"time": 1.0, "schedule": "cosine"}, ValueError, "has to know its end .* 'trapezoid'"),
        (
            {"time": 1.0, "schedule": "trapezoid", "decay_fraction": 1.0},
            ValueError,
            "decay_fraction is 1.0, expected at most 0.9 with time",
        ),
        ({"time": -1.0}, ValueError, "time is -1.0, expected a number of at least 0"),
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
    wanted = r"a seq_length of 9 in 3 streams needs at least 33: .* or batch_size .of at most 2."
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
