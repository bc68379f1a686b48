"""The quality card: who is better, what was seen, and whether samples copy."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from crnn import RNN, Trainer, checkpoint
from crnn.analysis.baselines import baselines
from crnn.analysis.card import MODEL, QualityCard, card_of, quality_card
from crnn.analysis.copying import copying
from crnn.analysis.doctor import diagnose
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


def test_the_card_of_a_training_is_of_its_parts_and_changes_nothing(text: str) -> None:
    model = RNN(Vocab.from_text(text), hidden_size=4)
    trainer = Trainer(model, text, val_fraction=0.2, batch_size=2, sample_every=0)
    trainer.train(10)
    before = checkpoint.to_bytes(*trainer._contents())
    found = card_of(trainer, math.log(8))
    assert checkpoint.to_bytes(*trainer._contents()) == before
    x = model.vocab.encode(text)
    sample = model.sample(2000, seed=0)
    assert found == quality_card(
        x[:720], x[720:], model.vocab, 3.0, found.parameters, 500, [sample]
    )
    assert found.parameters == 4 * 4 + 4 * len(model.vocab) * 2 + 4 + len(model.vocab)
    with pytest.raises(ValueError, match="nothing is held back"):
        card_of(Trainer(model, text), 1.0)


def test_the_card_and_the_doctor_say_the_same_of_the_same_part() -> None:
    rng = np.random.default_rng(0)
    text = "".join(rng.choice(list("abcd "), 1_200_000))
    model = RNN(Vocab.from_text(text), hidden_size=1)
    trainer = Trainer(model, text, val_fraction=0.1)
    x = model.vocab.encode(text)
    found = card_of(trainer, 1.0)
    assert found.baselines == diagnose(model.vocab, x, timed=False).baselines
    assert found.baselines.measured == found.validation_characters == 120_000


def test_of_long_parts_the_ends_that_meet_are_looked_at(text: str) -> None:
    vocab = Vocab.from_text(text)
    x = vocab.encode(text)
    found = quality_card(
        x[:800], x[800:], vocab, 1.0, 1, 1, [text[:30]], counted=500, measured=60, searched=400
    )
    assert found.baselines == baselines(x[300:800], x[800:860], vocab)
    assert found.copying == copying([x[:30]], x[400:800])
    assert (found.searched, found.training_characters, found.validation_characters) == (
        400,
        800,
        100,
    )
