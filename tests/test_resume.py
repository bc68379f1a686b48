"""A training that is stopped after any slice and resumed ends in the bytes of one that is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import crnn
from crnn.sampling import plain

TEXT = "to be, or not to be: that is the question.\nwhether 'tis nobler in the mind\n" * 12
EVENTS = {"report_every": 20, "sample_every": 25, "sample_length": 5, "val_every": 15}
TRAININGS: dict[str, dict[str, Any]] = {
    "falling rate": {"schedule": "trapezoid", "warmup": 10, "val_fraction": 0.2},
    "dropout": {"optimizer": "adamw", "dropout": 0.3, "batch_size": 3, "val_fraction": 0.2},
    "plateau": {"optimizer": "rmsprop", "plateau": 1, "val_fraction": 0.3, "learning_rate": 0.05},
    "steps": {"schedule": "step", "decay_every": 15, "decay_factor": 0.5, "val_fraction": 0.2},
    "patience": {"optimizer": "sgd", "momentum": 0.9, "patience": 3, "val_fraction": 0.2},
}  # fmt: skip


class Impatient:
    """Slices of one size; the training is asked to stop after some of them."""

    def __init__(self, size: int, stop: Callable[[], None]) -> None:
        self._size, self._stop = size, stop

    def run(self, work: Callable[[int], None], most: int) -> None:
        work(min(most, self._size))
        self._stop()


def trainer_of(name: str) -> crnn.Trainer:
    model = crnn.RNN(crnn.Vocab.from_text(TEXT), hidden_size=4, seed=2)
    return crnn.Trainer(model, TEXT, steps=90, seq_length=7, **EVENTS | TRAININGS[name])


@pytest.mark.parametrize("name", TRAININGS)
@given(sizes=st.lists(st.integers(1, 20), min_size=1, max_size=12))
@example(sizes=[1])
@example(sizes=[15])
@settings(max_examples=3)
def test_resumed_after_any_slice(name: str, sizes: list[int]) -> None:
    whole = trainer_of(name)
    whole.finish()
    trainer, lives = trainer_of(name), 0
    with TemporaryDirectory() as folder:
        while not trainer.is_over:
            size = sizes[lives % len(sizes)]
            trainer._slices = Impatient(size, trainer.stop)  # type: ignore[assignment]
            trainer.finish()
            trainer.save(Path(folder) / "m")
            trainer = crnn.Trainer.resume(Path(folder) / "m", TEXT)
            lives += 1
    assert lives > 5
    assert trainer.to_bytes() == whole.to_bytes()


def test_a_stop_interrupts_a_long_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = crnn.Trainer(crnn.RNN("abc"), "abc" * 50, sample_every=1, sample_length=10**6)
    before = trainer.to_bytes()
    drawn: list[int] = []
    draw = plain.draw

    def counted(*given: Any) -> Iterator[Any]:
        for piece in draw(*given):
            drawn.append(len(piece))
            trainer.stop()
            yield piece

    monkeypatch.setattr("crnn.engine.draw", counted)
    trainer.train(5)
    assert len(drawn) == 1
    assert trainer.step == 0
    assert trainer.to_bytes() == before
