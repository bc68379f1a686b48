"""Gradients beside central differences: right ones pass, wrong ones are seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hostile import MODES, hostile, needs_modes

import crnn
from crnn import core, gradcheck
from crnn.model import PARAMETERS

TEXT = "to be or not to be, that is the question"
TIGHT = 1e-6  # rounding explains less; every error made here is larger


def model_of(hidden_size: int = 9, dtype: str = "float64", scale: float = 30.0) -> crnn.RNN:
    """One whose weights are large enough to use its units."""
    model = crnn.RNN(crnn.Vocab.from_text(TEXT), hidden_size, dtype, seed=1)
    for name in PARAMETERS[:3]:
        getattr(model, name)[...] *= scale
    return model


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("hidden_size", [1, 9, 40])
def test_gradients_are_the_derivatives_and_the_model_stays(
    hidden_size: int, scale: float, dtype: str
) -> None:
    model = model_of(hidden_size, dtype, scale)
    before = bytes(model._net.block)
    errors = model.gradcheck(TEXT)
    assert list(errors) == list(PARAMETERS)
    assert all(error <= TIGHT for error in errors.values()), errors
    assert bytes(model._net.block) == before
    assert model.gradcheck(TEXT) == errors


def test_a_trained_model_passes() -> None:
    model = crnn.RNN(crnn.Vocab.from_text(TEXT), hidden_size=16, seed=1)
    crnn.Trainer(model, TEXT * 20, sample_every=0).train(500)
    assert max(model.gradcheck(TEXT).values()) <= TIGHT


@pytest.mark.parametrize("isa", core.available_isas())
def test_every_table_passes(isa: str) -> None:
    model = model_of()
    errors = gradcheck.largest_errors(model._tensors(), model.vocab.encode(TEXT), isa)
    assert max(errors.values()) <= TIGHT


@needs_modes
@pytest.mark.parametrize("mode", MODES)
def test_any_floating_point_mode_passes(mode: str) -> None:
    model = model_of()
    with hostile(mode):
        errors = model.gradcheck(TEXT)
    assert max(errors.values()) <= TIGHT


def test_the_shortest_text_has_no_gradient_of_the_recurrence() -> None:
    """h = 0 before its one step, so both are exactly zero."""
    errors = model_of().gradcheck("to")
    assert errors["Whh"] == 0
    assert 0 < errors["Why"] <= TIGHT


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("factor", [-1.0, 0.0, 1.001])
def test_a_wrong_gradient_is_seen(
    name: str, factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = gradcheck._Window.gradients

    def wrong(window: Any) -> Any:
        gradients = right(window)
        gradients[name] *= factor
        return gradients

    monkeypatch.setattr(gradcheck._Window, "gradients", wrong)
    errors = model_of().gradcheck(TEXT)
    assert errors.pop(name) > 100 * TIGHT
    assert max(errors.values()) <= TIGHT


def test_one_wrong_element_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = gradcheck._Window.gradients

    def wrong(window: Any) -> Any:
        gradients = right(window)
        gradients["Whh"][3, 4] += 1e-3
        return gradients

    monkeypatch.setattr(gradcheck._Window, "gradients", wrong)
    assert model_of().gradcheck(TEXT)["Whh"] > TIGHT


def test_a_large_parameter_is_sampled_where_it_matters() -> None:
    indices = crnn.Vocab("abcdefgh").encode("abba")
    places = gradcheck._places("Wxh", (300, 8), indices)
    assert len(set(places)) == gradcheck.SAMPLE
    assert {place % 8 for place in places} == {0, 1}
    others = gradcheck._places("Whh", (300, 300), indices)
    assert len(set(others)) == gradcheck.SAMPLE
    assert len({place % 300 for place in others}) > 50
    assert gradcheck._places("by", (8, 1), indices) == list(range(8))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_that_is_no_number_is_named(name: str, value: float) -> None:
    model = model_of()
    getattr(model, name)[0, 0] = value
    with pytest.raises(ValueError, match=f"{name} holds NaN or infinity"):
        model.gradcheck(TEXT)


def test_a_loss_that_overflows_is_infinitely_wrong() -> None:
    model = model_of()
    model.Why[...] = 1e308
    assert model.gradcheck(TEXT)["Why"] == np.inf


def test_a_bent_loss_is_tried_with_shorter_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first step alone leaves errors here that look like mistakes."""
    model = model_of(40)
    assert max(model.gradcheck(TEXT).values()) <= TIGHT
    monkeypatch.setattr(gradcheck, "_STEPS", gradcheck._STEPS[:1])
    assert max(model.gradcheck(TEXT).values()) > 10 * TIGHT


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", ValueError, "text has 0 characters, expected at least 2"),
        ("t", ValueError, "text has 1 character, expected at least 2"),
        ("tä", ValueError, "text has a character that the vocabulary .* lacks: 'ä'"),
        (b"to", TypeError, "text is a bytes, expected a str"),
    ],
)
def test_what_cannot_be_checked_is_said(text: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        model_of().gradcheck(text)
