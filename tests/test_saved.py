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


def test_a_model_alone_is_none(tmp_path: Path) -> None:
    crnn.RNN("ab", 3).save(tmp_path / "m")
    with pytest.raises(crnn.CheckpointError, match="no training to go on with: begin a new one"):
        Saved.read(tmp_path / "m")
