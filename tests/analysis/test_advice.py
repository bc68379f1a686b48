"""Advice: each piece of it appears with what it is about, and a good text gets none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from crnn.analysis.advice import advice
from crnn.analysis.characters import Character, Newlines
from crnn.analysis.diagnosis import Diagnosis, File
from crnn.analysis.doctor import diagnose
from crnn.analysis.encodings import Misreading, inspect
from crnn.analysis.repeats import Leakage, Repeats
from crnn.vocab import Vocab

RUSSIAN = "Съешь ещё этих мягких французских булок.\n" * 9
ZERO_WIDTH = Character("\u200b", "U+200B", "ZERO WIDTH SPACE (invisible)", 3)
LOST = Character("\ufffd", "U+FFFD", "REPLACEMENT CHARACTER", 3)


@pytest.fixture(scope="module")
def good() -> Diagnosis:
    """A text that needs nothing, with the size of a larger one."""
    rng = np.random.default_rng(0)
    text = "".join(rng.choice(list("abcdefgh \n"), 3000))
    vocab = Vocab.from_text(text)
    found = diagnose(vocab, vocab.encode(text), timed=False)
    return replace(found, characters=1_000_000, advice=())


def file(data: bytes, *, chosen: bool = False) -> File:
    return File("book.txt", len(data), "utf-8", chosen, inspect(data))


def test_a_good_text_needs_nothing(good: Diagnosis) -> None:
    chosen = file(RUSSIAN.encode("cp1251"), chosen=True)
    assert advice(replace(good, files=(file(b"abc"), chosen))) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"newlines": Newlines(5, 5, 0)}, "--newlines unix"),
        ({"newlines": Newlines(0, 5, 0)}, "--newlines unix"),
        ({"newlines": Newlines(0, 0, 5)}, "--newlines unix"),
        ({"is_nfc": False}, "--normalize NFC"),
        ({"rare": 3}, "--min-count 5 leaves 7 of 10 characters"),
        ({"distinct": 5000}, "5,000 characters make every step slow"),
        ({"strangest": (ZERO_WIDTH,)}, "U+200B first"),
        ({"strangest": (LOST,)}, "U+FFFD stands where characters were lost"),
        ({"misreading": Misreading("cp1252", 3, "Ã©", "é")}, "as cp1252 and saved so ('Ã©' for"),
        ({"characters": 90_000}, "90,000 characters are few"),
        ({"characters": 99_999}, "--val-fraction 0.1"),
        ({"characters": 150_000}, "--val-fraction 0.2"),
        ({"characters": 250_000, "distinct_lowercase": 8}, "--lowercase leaves 8 of 10"),
        ({"leakage": Leakage(10, 1, 0, 0)}, "its loss will flatter"),
        ({"leakage": Leakage(0, 0, 10, 1)}, "--documents"),
        ({"lines": Repeats(100, 90, ())}, "10% of the lines are copies"),
        ({"documents": Repeats(3, 2, ())}, "1 of the documents is a copy of another"),
        ({"documents": Repeats(9, 2, ())}, "7 of the documents are copies of others"),
        (
            {"files": (file(RUSSIAN.encode("cp1251")),)},
            "looks like cp1251: read it with --encoding",
        ),
        ({"files": (file(RUSSIAN.encode() + b"\xff"),)}, "damaged places, the first at byte"),
        (
            {"files": (file(RUSSIAN.encode() * 2 + RUSSIAN.encode("koi8-r")),)},
            "partly UTF-8 and partly koi8-r, first at byte 1,350: convert that file to UTF-8",
        ),
        (
            {"files": (file(b"abc"), replace(file(RUSSIAN.encode("cp1251")), read_as="cp1251"))},
            "looks like cp1251, others do not: convert that file to UTF-8",
        ),
        ({"distinct": 1, "distinct_lowercase": 1}, "It is one character again and again"),
    ],
)
def test_each_piece_comes_with_its_finding(
    good: Diagnosis, changes: dict[str, Any], expected: str
) -> None:
    (sentence,) = advice(replace(good, **changes))
    assert expected in sentence
    assert sentence.endswith(".")


def test_what_cannot_help_is_not_advised(good: Diagnosis) -> None:
    assert advice(replace(good, rare=10)) == []
    changes: dict[str, Any] = {"newlines": Newlines(5, 5, 0), "rare": 5, "is_nfc": False}
    bytes_alone = File("book.bin", 9, "bytes", True, inspect(b"\xff"))
    assert len(advice(replace(good, **changes))) == 3
    assert advice(replace(good, **changes, files=(bytes_alone,))) == []


def test_what_was_lost_here_is_not_lost_in_the_text(good: Diagnosis) -> None:
    damaged = file(RUSSIAN.encode() + b"\xff")
    sentences = advice(replace(good, files=(damaged,), strangest=(LOST,)))
    assert [sentence.split()[0] for sentence in sentences] == ["book.txt"]
