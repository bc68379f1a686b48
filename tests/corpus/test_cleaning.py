"""Cleaning: a text in pieces gives what the whole gives."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crnn.corpus import Reading, TextError, cleaning
from crnn.corpus.cleaning import MOST_HELD, cleaned

# Letters and accents that join, Hangul in parts, what NFKC takes apart, sigmas and what they see.
HARD = (
    "aA\u0301\u0323\u0327\u0344e\u00e9\u212b\u1100\u1161\u11a8\uac00\uff76\uff9e\ufb01\u0958\u00a0"
    "\u0f71\u0f72\u0f73\U0001d15e\u0308\u0130I\u03a3\u03c3'.\u02b0\u00ad \n\r\u093c\u09c7\u09be"
)
PIECES = st.lists(st.text(st.sampled_from(HARD) | st.characters(), max_size=6), max_size=12)


def whole(text: str, reading: Reading) -> str:
    if reading.newlines == "unix":
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if reading.normalize == "NFC":
        text = unicodedata.normalize("NFC", text)
    if reading.normalize == "NFKC":
        text = unicodedata.normalize("NFKC", text)
    return text.lower() if reading.lowercase else text


@given(
    PIECES,
    st.builds(
        Reading,
        newlines=st.sampled_from(["keep", "unix"]),
        normalize=st.sampled_from(["none", "NFC", "NFKC"]),
        lowercase=st.booleans(),
    ),
)
@example(["\r", "\n\r", "\r", ""], Reading(newlines="unix"))
@example(["\u1100", "\u1161", "\u11a8"], Reading(normalize="NFC"))
@example(["\uff76", "\uff9e"], Reading(normalize="NFKC"))
@example(["Α", "Σ", "'", ".", "\n"], Reading(lowercase=True))
@example(["Α'", "Σ", "'", "Α"], Reading(lowercase=True))
@example(["ΑΣΣ", "Α"], Reading(lowercase=True))
@example(["ΑΣ'Σ", "Α"], Reading(lowercase=True))
@example(["'", "Σ"], Reading(lowercase=True))
def test_pieces_give_what_the_whole_gives(pieces: list[str], reading: Reading) -> None:
    assert "".join(cleaned(pieces, reading, "x")) == whole("".join(pieces), reading)


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
def test_every_character_is_cut_rightly_from_its_neighbours(form: str) -> None:
    reading = Reading(normalize=form)
    for char in map(chr, range(0x110000)):
        if unicodedata.decomposition(char) or unicodedata.combining(char):
            apart = unicodedata.normalize("NFKD", char)
            assert "".join(cleaned(apart, reading, "x")) == whole(apart, reading)
            assert "".join(cleaned(["a", char], reading, "x")) == whole("a" + char, reading)


def test_long_pieces_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "ΟΔΟΣ e\u0301\r\n" * 9000
    reading = Reading(newlines="unix", normalize="NFC", lowercase=True)
    assert "".join(cleaned([text], reading, "x")) == whole(text, reading)
    monkeypatch.setattr(cleaning, "_PIECE", 3)
    assert "".join(cleaned([text[:99]], reading, "x")) == whole(text[:99], reading)


def test_what_would_be_held_back_for_ever() -> None:
    for text, reading, match in [
        (
            "e" + "\u0301" * 3 * MOST_HELD,
            Reading(normalize="NFC"),
            "join the one before them, at 'e'",
        ),
        ("Σ" + "." * 3 * MOST_HELD, Reading(lowercase=True), "after a capital sigma"),
    ]:
        with pytest.raises(TextError, match=f"'x' has more than 16,384 .*{match}"):
            list(cleaned([text], reading, "'x'"))
    text = "e" + "\u0301" * (MOST_HELD // 2) + "Σ" + "." * (MOST_HELD // 2)
    reading = Reading(normalize="NFC", lowercase=True)
    assert "".join(cleaned([text], reading, "x")) == whole(text, reading)
