"""A training that was read from a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_model import same_parameters

import crnn
from crnn.saved import Saved


def test_one_reading_makes_a_trainer(tmp_path: Path, text: str) -> None:
    trainer = crnn.Trainer(crnn.RNN(crnn.Vocab.from_text(text), hidden_size=5), text)
    trainer.train(20)
    trainer.save(tmp_path / "m")
    saved = Saved.read(tmp_path / "m")
    (tmp_path / "m").unlink()
    assert (saved.record.step, saved.path) == (20, str(tmp_path / "m"))
    assert same_parameters(saved.model, trainer.model)
    other = crnn.Trainer.from_saved(saved, text)
    for each in (trainer, other):
        each.train(20)
    assert other.to_bytes() == trainer.to_bytes()


def test_each_trainer_made_of_it_has_a_model_of_its_own(text: str) -> None:
    trainer = crnn.Trainer(crnn.RNN(crnn.Vocab.from_text(text), hidden_size=5, seed=1), text)
    trainer.train(20)
    saved = Saved.from_bytes(trainer.to_bytes())
    first = crnn.Trainer.resume(saved, text)
    first.train(20)
    trained = first.to_bytes()
    second = crnn.Trainer.resume(saved, text)
    assert second.model is not first.model
    assert (first.to_bytes(), second.to_bytes()) == (trained, trainer.to_bytes())
    assert same_parameters(saved.model, trainer.model)


def test_a_model_alone_is_none(tmp_path: Path) -> None:
    crnn.RNN("ab", 3).save(tmp_path / "m")
    with pytest.raises(crnn.CheckpointError, match="no training to go on with: begin a new one"):
        Saved.read(tmp_path / "m")
