"""Trainings whose loss is lost: what they raise, what they go back to, and that it resumes, too."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import pytest

import crnn
from crnn.trainer import DivergenceError

STEPS = 1600
WILD: dict[str, Any] = {
    "optimizer": "sgd",
    "learning_rate": 1.0,
    "clip": math.inf,
    "report_every": 50,
    "sample_every": 0,
}


def trainer_of(text: str, **changes: Any) -> crnn.Trainer:
    model = crnn.RNN(crnn.Vocab.from_text(text), hidden_size=8, seed=1)
    return crnn.Trainer(model, text, **WILD | changes)


def test_a_training_that_is_lost_says_what_to_do(text: str) -> None:
    trainer = trainer_of(text)
    with pytest.raises(DivergenceError, match=r"by window 1,001: train again with a smaller") as e:
        trainer.train(STEPS)
    assert str(e.value).startswith(e.value.what)
    assert "train again" not in e.value.what
    assert trainer.is_lost
    assert trainer.is_finite


def test_numbers_that_overflow_are_lost_for_good(text: str) -> None:
    trainer = trainer_of(text, learning_rate=1e38)
    assert trainer.is_finite
    with pytest.raises(DivergenceError, match=r"the loss became (nan|inf)"):
        trainer.train(STEPS)
    assert trainer.is_lost
    assert not trainer.is_finite


def test_a_sample_of_what_is_lost_does_not_hide_that(text: str) -> None:
    trainer = trainer_of(text, learning_rate=1e38, sample_every=1)
    with pytest.raises(DivergenceError, match="the loss became"):
        trainer.train(STEPS)


def test_parameters_may_be_lost_before_the_loss_is(text: str) -> None:
    trainer = trainer_of(text, learning_rate=1e30)
    trainer.train(1)
    trainer.model.Why[0, 0] = math.inf
    assert not trainer.is_lost
    assert not trainer.is_finite


@pytest.mark.parametrize("learning_rate", [1.0, 30.0])
def test_going_back_recovers(text: str, learning_rate: float) -> None:
    trainer = trainer_of(text, learning_rate=learning_rate, on_divergence="halve-rate")
    remarks: list[str] = []
    trainer.train(STEPS, lambda report: remarks.append(report.remark))
    said = [remark for remark in remarks if remark]
    assert said
    assert all("with half the rate" in remark for remark in said)
    assert trainer.step == STEPS
    assert not trainer.is_lost
    assert trainer.learning_rate == learning_rate * 0.5 ** len(said)


def test_a_rate_that_no_halving_makes_small_is_given_up(text: str) -> None:
    trainer = trainer_of(text, learning_rate=1e30, on_divergence="halve-rate")
    with pytest.raises(DivergenceError, match="halved again and again: train again"):
        trainer.train(STEPS)


def test_what_is_gone_back_to_was_well(text: str) -> None:
    trainer = trainer_of(text, on_divergence="halve-rate")
    uniform = 25 * math.log(len(trainer.model.vocab))
    backs: list[crnn.Report] = []
    trainer.train(STEPS, lambda report: backs.append(report) if report.remark else None)
    assert backs
    assert all(report.smooth_loss <= 2 * uniform for report in backs)


def test_going_back_resumes_exactly_wherever_it_is_stopped(tmp_path: Path, text: str) -> None:
    options = {"on_divergence": "halve-rate", "val_fraction": 0.2, "val_every": 170}
    whole, stopped = trainer_of(text, **options), trainer_of(text, **options)
    whole.train(STEPS)
    countdown = itertools.cycle([False] * 6 + [True])
    while stopped.step < STEPS:
        stopped.finish(lambda report: next(countdown), until=min(stopped.step + 333, STEPS))
        stopped.save(tmp_path / "m")
        stopped = crnn.Trainer.resume(tmp_path / "m", text)
    assert stopped.to_bytes() == whole.to_bytes()
