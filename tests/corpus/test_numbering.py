"""Numbering: which characters there are, which are replaced, and which are unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crnn import Vocab
from crnn.corpus import Reading, TextError, corpus_of_text


@given(st.text(st.characters() | st.sampled_from("ab\ufffd"), min_size=1), st.integers(1, 4))
def test_rare_characters_are_replaced(text: str, least: int) -> None:
    corpus = corpus_of_text(text, Reading(min_count=least))
    rare = {char for char in text if text.count(char) < least} - {"\ufffd"}
    expected = "".join("\ufffd" if char in rare else char for char in text)
    assert corpus.text() == expected
    assert corpus.vocab == Vocab.from_text(expected)
    assert len(corpus.remarks) == bool(rare)
    again = corpus_of_text(text, Reading(min_count=least), corpus.vocab)
    assert (again.text(), again.remarks) == (expected, corpus.remarks)


def test_the_remark_says_which_and_how_many() -> None:
    assert corpus_of_text("aab\u0300bb?", Reading(min_count=3)).remarks == (
        "3 characters that occur less than 3 times, 4 in all, became U+FFFD: "
        "'?' U+003F QUESTION MARK; 'a' U+0061 LATIN SMALL LETTER A; "
        "'\u0300' U+0300 COMBINING GRAVE ACCENT",
    )
    many = corpus_of_text("".join(map(chr, range(0x100, 0x200))) + "aa", Reading(min_count=2))
    assert many.remarks[0].startswith("256 characters that occur less than 2 times, 256 in all")
    assert many.remarks[0].endswith("; and 236 more")
    assert many.vocab.chars == "a\ufffd"


def test_a_vocabulary_keeps_its_order_and_its_rare_characters() -> None:
    corpus = corpus_of_text("abcz", Reading(min_count=2), Vocab("cb\ufffda"))
    assert corpus.indices.tolist() == [3, 1, 0, 2]
    assert "1 character that occurs less than 2 times" in corpus.remarks[0]


def test_unknown_characters_are_named() -> None:
    text = "abcabc" + "z" * 3 + "".join(map(chr, range(0x400, 0x406)))
    with pytest.raises(TextError) as caught:
        corpus_of_text(text, vocab=Vocab("abc"))
    said = str(caught.value)
    assert said.startswith(
        "the text has 7 characters that the vocabulary (3 characters) lacks: "
        "'z' U+007A LATIN SMALL LETTER Z at position 6 (3 in all); 'Ѐ' U+0400 "
    )
    assert "; and 2 more; remove or replace them" in said
    with pytest.raises(TextError, match="'z' U\\+007A"):  # not rare enough
        corpus_of_text("azz", Reading(min_count=2), Vocab("a\ufffd"))
    with pytest.raises(TextError, match="'z' U\\+007A"):  # nothing to replace it by
        corpus_of_text("az", Reading(min_count=2), Vocab("a"))


@pytest.mark.parametrize(
    ("size", "name"), [(256, "uint8"), (257, "uint16"), (65536, "uint16"), (65537, "int32")]
)
def test_indices_are_as_narrow_as_they_can_be(size: int, name: str) -> None:
    corpus = corpus_of_text("".join(map(chr, range(size))))
    assert corpus.indices.dtype == name
    assert corpus.indices.tolist() == list(range(size))
