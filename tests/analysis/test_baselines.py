"""Baselines: the right parts of the text, bounded."""

from __future__ import annotations

import numpy as np
import pytest

from crnn.analysis import baselines as module
from crnn.analysis.baselines import baselines
from crnn.analysis.compressors import compressed_bits
from crnn.analysis.ngrams import bits_by_order
from crnn.vocab import Vocab


@pytest.mark.parametrize(("counted", "measured"), [(10**9, 10**9), (300, 40)])
def test_parts(text: str, counted: int, measured: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COUNTED", counted)
    monkeypatch.setattr(module, "MEASURED", measured)
    vocab = Vocab.from_text(text)
    x = vocab.encode(text).astype(np.uint8)
    found = baselines(x[:700], x[700:], vocab)
    training, validation = x[:700][-counted:], x[700:][:measured]
    assert (found.counted, found.measured) == (len(training), len(validation))
    assert list(found.ngrams) == bits_by_order(training, validation, len(vocab))
    assert found.compressed == compressed_bits(text[700:][:measured])
