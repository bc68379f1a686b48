"""The doctor: each finding and each piece of advice, on texts made to have them."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
from typing import Any

import numpy as np
import pytest

import crnn.analysis
from crnn.analysis import doctor
from crnn.analysis.diagnosis import Diagnosis, File
from crnn.analysis.doctor import diagnose
from crnn.analysis.encodings import inspect
from crnn.vocab import Vocab

WORDS = "the cat sat on a mat and dogs ran over hills under trees by rivers"


@pytest.mark.parametrize("name", [m.name for m in pkgutil.iter_modules(crnn.analysis.__path__)])
def test_examples_of_docstrings_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"crnn.analysis.{name}")).failed == 0


def prose(size: int) -> str:
    rng = np.random.default_rng(0)
    lines = (" ".join(rng.choice(WORDS.split(), 9)) for _ in range(size // 30))
    return ("\n".join(lines) + "\n")[:size]


def seen(text: str, *files: File, starts: Any = (0,)) -> Diagnosis:
    vocab = Vocab.from_text(text)
    indices = vocab.encode(text).astype(np.uint16)
    return diagnose(vocab, indices, starts, files, timed=False)


def test_findings_in_a_plain_text() -> None:
    text = prose(5000)
    found = seen(text)
    assert (found.characters, found.studied, found.is_nfc) == (5000, 5000, True)
    assert (found.distinct, found.rare, found.strangest) == (len(set(text)), 0, ())
    assert (found.newlines.unix, found.misreading, found.documents.count) == (
        text.count("\n"), None, 1
    )  # fmt: skip
    assert (found.lines.copies, found.leakage.lines_found, found.repeated) == (0, 0, ())
    assert found.baselines.measured == 500
    assert found.expected_loss.bits[0] < found.baselines.ngrams[2] < found.expected_loss.bits[1]


def test_findings_in_a_text_that_needs_care() -> None:
    text = prose(2000)
    text = f"{text}A\r\ncafe\u0301 Ã© \u200b0123\n{text}{text}"
    found = seen(text, starts=[0, len(text) - 4000, len(text) - 2000])
    assert (found.newlines.windows, found.is_nfc) == (1, False)
    assert found.misreading is not None
    assert [character.char for character in found.strangest] == ["\u200b"]
    assert found.distinct_lowercase == found.distinct - 1  # with A and Ã, but without ã
    assert found.rare == len(set(text) - set(prose(2000)))
    assert (found.documents.count, found.documents.copies) == (3, 1)
    assert found.repeated[0].count == 3
    assert found.leakage.pieces_share == 1
    assert len(found.advice) > 5


def test_long_texts_are_studied_at_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "STUDIED", 1000)
    found = seen("e\u0301 Ã© " + prose(3000))
    assert (found.studied, found.is_nfc, found.misreading) == (1000, True, None)


@pytest.mark.parametrize("text", ["a", "\n", "\udc81\r", "ab" * 30, "\0" * 100])
def test_the_smallest_texts_are_no_harm(text: str) -> None:
    facts = json.loads(json.dumps(seen(text).to_dict(), allow_nan=False))
    assert facts["characters"] == len(text)


def test_json_has_everything() -> None:
    found = seen(prose(2000) * 2, File("book.txt", 3, "utf-8", False, inspect(b"abc")))
    facts = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert set(facts) == set(Diagnosis.__dataclass_fields__)
    assert facts["lines"]["copies"] == found.lines.copies > 0
    assert facts["leakage"]["lines_share"] == found.leakage.lines_share
    assert facts["leakage"]["pieces_share"] == 1
    assert facts["expected_loss"]["bits_per_char"] == list(found.expected_loss.bits)
    assert facts["repeated"][0]["text"] in prose(2000)
    assert facts["expected_time"] is None


def test_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="indices is empty"):
        diagnose(Vocab("a"), np.empty(0, np.uint8))
