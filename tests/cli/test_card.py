"""The quality card as a person sees it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crnn.analysis import baselines
from crnn.analysis.card import QualityCard, quality_card
from crnn.cli import ending
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


def test_what_was_looked_at_is_said(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    vocab = Vocab.from_text(text)
    x = vocab.encode(text)
    show_card(
        quality_card(
            x[:800], x[800:], vocab, 1.0, 1, 1, [text[:50]], counted=500, measured=60, searched=300
        )
    )
    said = capsys.readouterr().out
    assert "; the others of its first 60; contexts are counted in the last 500 before it" in said
    assert "stand in the last 300 characters of the training part" in said


WORDS = ("train", "book.txt", "--steps=50", "--hidden-size=8", "--val-fraction=0.2")


def test_a_training_ends_with_its_card_after_all_else(crnn: Any, folder: Path) -> None:
    result = crnn(*WORDS)
    assert "character of the validation part" not in result.stdout
    said, _, card = result.stderr.partition("\n\n")
    assert "Next     crnn sample model.safetensors" in said
    assert card.startswith("Bits per character of the validation part (180 characters)\n")
    assert "1,250 characters, 1.7 times the 720" in card
    before = (folder / "model.safetensors").read_bytes()
    assert crnn(*WORDS, "-q").stderr == ""
    assert (folder / "model.safetensors").read_bytes() == before


def test_without_a_validation_text_there_is_no_card(crnn: Any) -> None:
    assert "bzip2" not in crnn(*WORDS[:-1]).stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyboardInterrupt(), "Skipped  the quality card\n"),
        (MemoryError(), "Warning: there is no quality card: there is not enough memory\n"),
    ],
)
def test_a_card_that_fails_costs_only_the_card(
    crnn: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, said: str
) -> None:
    def fail(*_: object) -> None:
        assert (folder / "model.safetensors").exists()
        raise error

    monkeypatch.setattr(ending, "card_of", fail)
    result = crnn(*WORDS)
    assert result.exit_code == 0
    assert result.stderr.endswith(said)
