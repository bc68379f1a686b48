"""Declared arrays are compared before they are read; characters come from one place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from crnn.exchange.parameters import Declared, ExchangeError, Found, check, model_of
from crnn.vocab import Vocab

H, V = 4, 3
SHAPES = {"Wxh": (H, V), "Whh": (H, H), "Why": (V, H), "bh": (H, 1), "by": (V, 1)}


def declared(**changes: Any) -> dict[str, Declared]:
    entries = {name: Declared(name, "float64", 64, shape) for name, shape in SHAPES.items()}
    return entries | changes


def test_biases_may_have_one_dimension() -> None:
    check("f", declared())
    check("f", declared(bh=Declared("bh", "float64", 64, (H,)), by=Declared("b", "f", 64, (V,))))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            Declared("Wxh", "float64", 64, (H,)),
            r"Wxh has shape \(4,\), expected \(hidden_size, number of characters\)",
        ),
        (Declared("Wxh", "float64", 64, (0, V)), r"Wxh has shape \(0, 3\), expected"),
        (
            Declared("Whh", "float64", 64, (H, V)),
            r"Whh has shape \(4, 3\), expected \(4, 4\), to fit Wxh, which has shape \(4, 3\)",
        ),
        (Declared("Why", "float64", 64, (H, V)), r"Why has shape \(4, 3\), expected \(3, 4\)"),
        (Declared("bh", "float64", 64, (1, H)), r"bh has shape \(1, 4\), expected \(4, 1\)"),
        (Declared("bh", "float64", 64, (1,) * 10**6), "bh has shape of 1,000,000 dimensions, exp"),
        (Declared("by", "float32", 32, (V, 1)), "by is float32 but Wxh is float64, expected one"),
        (Declared("by", "int64", 0, (V, 1)), "by is of type int64, expected float64 or float32"),
    ],
)
def test_what_does_not_fit_is_named(entry: Declared, expected: str) -> None:
    with pytest.raises(ExchangeError, match=f"'f': {expected}"):
        check("f", declared(**{entry.name: entry}))


def test_more_than_this_machine_holds_is_not_even_tried() -> None:
    huge = 10**9
    shapes = {**SHAPES, "Wxh": (huge, V), "Whh": (huge, huge), "Why": (V, huge), "bh": (huge, 1)}
    with pytest.raises(MemoryError, match="bytes are needed"):
        check("f", {name: Declared(name, "float64", 64, shape) for name, shape in shapes.items()})


def found(vocab: Vocab | None = None, **changes: Any) -> Found:
    arrays = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    return Found(arrays | changes, vocab)


def test_characters_come_from_the_file_or_from_the_caller() -> None:
    assert model_of("f", found(Vocab("cab")), None).vocab.chars == "cab"
    assert model_of("f", found(), "cab").vocab.chars == "cab"
    assert model_of("f", found(Vocab("cab")), "cab").vocab.chars == "cab"


@pytest.mark.parametrize(
    ("vocab", "chars", "expected"),
    [
        (None, None, r"'f' does not say which characters its 3 indices .* \(--chars FILE\)"),
        (Vocab("cab"), "abc", "chars contradicts 'f', which holds its characters itself"),
        (None, "abcd", "chars has 4 characters, but the arrays are of 3: expected one for each$"),
        (None, "abc\n", "chars has 4 characters.*; is the newline at its end one of them"),
        (Vocab("ab"), None, "'f' holds 2 characters, but the arrays are of 3"),
        (None, "aba", "chars has 'a' U.0061 LATIN SMALL LETTER A twice"),
    ],
)
def test_characters_that_are_wrong(vocab: Vocab | None, chars: str | None, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        model_of("f", found(vocab), chars)


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_numbers_that_are_none_are_refused(value: float) -> None:
    with pytest.raises(ExchangeError, match="'f': by holds NaN or infinity"):
        model_of("f", found(by=np.full((V, 1), value)), "abc")


def test_any_byte_order_is_taken() -> None:
    model = model_of("f", found(by=np.full((V, 1), 0.25).astype(">f8")), "abc")
    assert model.dtype.isnative
    assert model.by.tolist() == [[0.25]] * V
