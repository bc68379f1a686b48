"""Characters: counted as Python counts them, the strange ones by name."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn.analysis import characters
from crnn.analysis.characters import count_characters, count_newlines, rarest, strangest
from crnn.vocab import Vocab


@pytest.fixture(autouse=True, scope="module")
def _small_chunks() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(characters, "_CHUNK", 3)
        yield


@given(st.text(min_size=1, max_size=30), st.sampled_from([np.uint16, np.int32]))
def test_counts(text: str, dtype: type) -> None:
    vocab = Vocab.from_text(text)
    counts = count_characters(vocab.encode(text).astype(dtype), len(vocab))
    assert dict(zip(vocab.chars, counts.tolist(), strict=True)) == Counter(text)
    listed = rarest(vocab, counts, most=4)
    expected = sorted(Counter(text).items(), key=lambda item: (item[1], item[0]))[:4]
    assert [(found.char, found.count) for found in listed] == expected


@given(st.text("\r\na", min_size=1, max_size=20))
def test_newlines(text: str) -> None:
    vocab = Vocab("\r\na")
    found = count_newlines(vocab, vocab.encode(text))
    ends = Counter(re.findall(r"\r\n|\r|\n", text))
    assert (found.unix, found.windows, found.mac) == (ends["\n"], ends["\r\n"], ends["\r"])
    assert found.kinds == len(ends)


def test_a_text_without_ends_of_lines() -> None:
    assert count_newlines(Vocab("a"), np.zeros(9, np.uint8)).kinds == 0


@pytest.mark.parametrize(
    ("char", "name"),
    [
        ("\0", "control character"),
        ("\x85", "control character"),
        ("\u200b", "ZERO WIDTH SPACE (invisible)"),
        ("\xad", "SOFT HYPHEN (invisible)"),
        ("\ufeff", "ZERO WIDTH NO-BREAK SPACE (byte-order mark inside the text)"),
        ("\ufffd", "REPLACEMENT CHARACTER (stands for what could not be decoded)"),
        ("\ue000", "private use"),
        ("\U000e0080", "unassigned"),
        ("\udc81", "lone surrogate"),
        ("\u2028", "LINE SEPARATOR (line separator)"),
    ],
)
def test_strange_characters_are_named(char: str, name: str) -> None:
    (found,) = strangest(Vocab("a" + char), np.array([3, 2]))
    assert (found.char, found.code_point, found.count) == (char, f"U+{ord(char):04X}", 2)
    assert found.name == name


@pytest.mark.parametrize("char", ["\n", "\r", "\t", " ", "é", "ж", "中", "🙂"])
def test_ordinary_characters_are_not_strange_and_have_names(char: str) -> None:
    vocab, counts = Vocab(char), np.array([1])
    assert strangest(vocab, counts) == []
    assert rarest(vocab, counts)[0].name in {
        unicodedata.name(char, ""), "LINE FEED", "CARRIAGE RETURN", "TABULATION"
    } - {""}  # fmt: skip


def test_characters_that_the_text_lacks_are_not_listed() -> None:
    assert strangest(Vocab("a\0"), np.array([3, 0])) == []
