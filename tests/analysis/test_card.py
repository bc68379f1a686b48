"""The quality card: who is better, what was seen, and whether samples copy."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from crnn.analysis.baselines import baselines
from crnn.analysis.card import MODEL, QualityCard, quality_card
from crnn.vocab import Vocab


def card(text: str, bits: float, *samples: str) -> QualityCard:
    vocab = Vocab.from_text(text)
    x = vocab.encode(text).astype(np.uint8)
    return quality_card(x[:800], x[800:], vocab, bits, 1234, 2000, samples)


def test_rows_are_the_best_first(text: str) -> None:
    found = card(text, 3.0)
    vocab = Vocab.from_text(text)
    x = vocab.encode(text)
    others = baselines(x[:800], x[800:], vocab)
    assert {row.name: row.bits for row in found.rows} == {
        MODEL: 3.0,
        "2 characters of context": others.ngrams[2],
        "5 characters of context": others.ngrams[5],
        **others.compressed,
    }
    bits = [row.bits for row in found.rows]
    assert bits == sorted(bits)


@pytest.mark.parametrize("bits", [math.nan, math.inf])
def test_a_loss_that_is_no_number_comes_last(text: str, bits: float) -> None:
    found = card(text, bits)
    assert found.rows[-1].name == MODEL
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["validation_bits"] is None


def test_json_has_everything(text: str) -> None:
    found = card(text, 2.0, text[100:150], "to be, or whether")
    facts = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert set(facts) == set(QualityCard.__dataclass_fields__)
    assert facts["parameters"] == 1234
    assert facts["copying"] == {
        "sampled": 67, "longest": 50, "pieces": 31, "found": 31, "piece_length": 20, "share": 1.0
    }  # fmt: skip
    assert facts["baselines"]["ngrams"] == list(found.baselines.ngrams)
    assert found.passes == 2.5


def test_without_samples_there_is_nothing_to_say_of_copying(text: str) -> None:
    assert card(text, 2.0).to_dict()["copying"] is None
    assert card(text, 2.0, "").copying is None


def test_what_it_cannot_do(text: str) -> None:
    with pytest.raises(ValueError, match="samples has a character that the vocabulary"):
        card(text, 2.0, "Z")
    with pytest.raises(ValueError, match="measured is empty"):
        quality_card(np.zeros(9, int), np.zeros(0, int), Vocab("a"), 1.0, 1, 1)
