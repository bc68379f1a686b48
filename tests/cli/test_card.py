"""The quality card as a person sees it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from crnn.analysis import baselines
from crnn.analysis.card import QualityCard, quality_card
from crnn.cli.card import show_card
from crnn.vocab import Vocab


def card(text: str, bits: float, *samples: str) -> QualityCard:
    vocab = Vocab.from_text(text)
    x = vocab.encode(text).astype(np.uint8)
    return quality_card(x[:800], x[800:], vocab, bits, 12345, 2000, samples)


def test_figures_and_facts(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_card(card(text, 0.5, text[:40]))
    said = capsys.readouterr().out
    lines = [line.split() for line in said.splitlines()]
    assert f"validation part ({len(text) - 800} characters)" in said
    assert ["this", "model", "0.500"] in lines
    assert lines[2][:4] == ["5", "characters", "of", "context"]
    for part in ("gzip -9", "bzip2 -9", "xz -9", "12,345", "2.5 times the 800", "40 characters in",
                 "100% of the 20-character pieces of samples (40 characters)"):  # fmt: skip
        assert part in said, part


def test_without_samples_and_with_no_number(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_card(card(text, math.nan))
    said = capsys.readouterr().out
    assert "no number" in said
    assert "copied" not in said


def test_samples_too_short_for_pieces(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_card(card(text, 1.0, "to be"))
    said = capsys.readouterr().out
    assert "5 characters in a row" in said
    assert "pieces" not in said


def test_a_part_is_named(
    text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "MEASURED", 60)
    show_card(card(text, 1.0))
    assert "the others of its first 60" in capsys.readouterr().out
