"""Presets: where settings begin, and what overrides them."""

from __future__ import annotations

import pytest
from hostile import hostile, needs_modes

import crnn
from crnn.presets import PRESETS, preset
from crnn.settings import Settings


def test_the_reference_is_the_notebook() -> None:
    settings = preset("reference", {}, 10**6)
    assert settings == Settings()
    assert (settings.hidden_size, settings.seq_length, settings.optimizer) == (100, 25, "adagrad")
    assert (settings.learning_rate, settings.clip, settings.batch_size) == (0.1, 5.0, 1)


@pytest.mark.parametrize("name", PRESETS)
def test_what_is_given_overrides(name: str) -> None:
    given = {"hidden_size": 7, "batch_size": 2, "learning_rate": 0.5, "val_fraction": 0.2}
    settings = preset(name, given, 10**6)
    assert {key: getattr(settings, key) for key in given} == given


def test_the_strong_one_grows_with_its_time_or_its_windows() -> None:
    sizes = [preset("strong", {"time": time}, 10**6).hidden_size for time in (10.0, 180.0)]
    assert sizes == [preset("strong", {"steps": n}, 10**6).hidden_size for n in (16_000, 80_000)]
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize("characters", [300, 1000, 100_000])
def test_the_strong_one_fits_into_a_small_text(characters: int) -> None:
    text = ("to be or not to be " * 10_000)[:characters]
    settings = preset("strong", {"steps": 20, "hidden_size": 8}, characters)
    model = crnn.RNN(crnn.Vocab.from_text(text), 8, init=settings.init)
    trainer = crnn.Trainer.from_settings(model, text, settings)
    trainer.finish()
    assert trainer.is_over


def test_an_unknown_one_is_named_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"preset is 'reference2', .* did you mean 'reference'"):
        preset("reference2", {}, 1)


def test_the_strong_one_holds_back_what_tells_and_no_more() -> None:
    parts = [preset("strong", {}, n).val_fraction for n in (56, 10**6, 10**8)]
    assert parts == [0.0, 0.1, 0.005]


@needs_modes
@pytest.mark.parametrize("mode", ["upward", "downward", "zero"])
def test_the_caller_may_round_as_it_likes(mode: str) -> None:
    wanted = [preset("strong", {"time": 10.0}, n) for n in range(480, 2000, 240)]
    with hostile(mode):
        got = [preset("strong", {"time": 10.0}, n) for n in range(480, 2000, 240)]
    assert got == wanted
