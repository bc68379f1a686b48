"""Settings: one source for keywords, options, files and their words."""

from __future__ import annotations

import inspect
import json
from dataclasses import fields
from typing import Any

import pytest

import crnn
from crnn.settings import Settings, describe


def test_every_setting_says_what_it_means() -> None:
    for setting in fields(Settings):
        text = describe(setting.name).metadata["text"]
        assert text[0].isupper()
        assert not text.endswith(".")


@pytest.mark.parametrize("callable_", [crnn.RNN, crnn.Trainer])
def test_keywords_of_models_and_trainers_have_the_defaults_of_the_settings(callable_: type) -> None:
    defaults = {setting.name: setting.default for setting in fields(Settings)}
    shared = {
        name: parameter.default
        for name, parameter in inspect.signature(callable_).parameters.items()
        if name in defaults
    }
    assert len(shared) >= 2
    assert shared == {name: defaults[name] for name in shared}


def test_settings_survive_json() -> None:
    settings = Settings(clip=float("inf"), learning_rate=0.3, steps=7, dtype="float64")
    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


def test_unknown_settings_of_a_file_are_named() -> None:
    with pytest.raises(ValueError, match="unknown settings: depth, width"):
        Settings.from_dict({"width": 1, "depth": 2, "steps": 3})


def test_a_number_becomes_the_type_of_its_setting() -> None:
    assert type(Settings(learning_rate=1).learning_rate) is float


@pytest.mark.parametrize(("optimizer", "name"), [("adamw", "beta2"), ("rmsprop", "decay_rate")])
def test_what_float32_takes_for_1_is_refused(optimizer: str, name: str) -> None:
    chosen: dict[str, Any] = {"optimizer": optimizer, name: 0.99999999}
    with pytest.raises(ValueError, match=f"{name} is 0.99999999, which is 1 in float32"):
        Settings(**chosen)
    for other in ({"dtype": "float64"}, {"optimizer": "adagrad"}):
        assert getattr(Settings(**(chosen | other)), name) == 0.99999999
