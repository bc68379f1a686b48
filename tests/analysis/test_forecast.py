"""What to expect: units agree, and a time is measured where there is something to train on."""

from __future__ import annotations

import math

import numpy as np
import pytest

from crnn.analysis import forecast
from crnn.analysis.forecast import ExpectedTime, expected_loss, expected_time
from crnn.settings import Settings
from crnn.vocab import Vocab


def test_units_agree() -> None:
    found = expected_loss(2.5)
    assert found.bits[0] < 2.5 < found.bits[1]
    assert found.nats == pytest.approx([bits * math.log(2) for bits in found.bits])
    assert found.nats_per_window == pytest.approx([25 * nats for nats in found.nats])


def test_time(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast, "_SECONDS", 0.01)
    vocab = Vocab.from_text(text)
    found = expected_time(vocab, vocab.encode(text).astype(np.uint8))
    assert found is not None
    assert found.windows_per_second > 0
    assert found.windows == Settings.steps
    assert ExpectedTime(500.0, 1000).seconds == 2


def test_the_shortest_text_that_can_be_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast, "_SECONDS", 0.001)
    assert expected_time(Vocab("ab"), np.zeros(26, np.uint8)) is None
    assert expected_time(Vocab("ab"), np.zeros(27, np.uint8)) is not None
