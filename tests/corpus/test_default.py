"""The default text: what Python brings along."""

from __future__ import annotations

import sys

import pytest

from crnn import corpus
from crnn.corpus import TextError, default_text


def test_default_text_is_the_language_reference() -> None:
    text = default_text()
    assert len(text) > 100_000
    assert text.isprintable() is False
    assert "for" in text
    assert text == default_text()
    keys = sorted(sys.modules["pydoc_data.topics"].topics)
    assert text.startswith(sys.modules["pydoc_data.topics"].topics[keys[0]] + "\n")
    assert text.endswith("\n" + sys.modules["pydoc_data.topics"].topics[keys[-1]])


def test_python_without_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(TextError, match=r"lacks the module pydoc_data.topics.* name a text file"):
        corpus.default_text()
