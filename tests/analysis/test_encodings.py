"""Encodings suspected: real sentences in the encodings that such files have."""

from __future__ import annotations

import pytest

from crnn.analysis.encodings import inspect, misread
from crnn.corpus import suspects

RUSSIAN = "Съешь ещё этих мягких французских булок, да выпей чаю. Пределом называется число. " * 9
FRENCH = "Voilà un café très bien préparé, où l'élève naïf a mangé des crêpes à Noël.\n" * 9
POLISH = "Świat jest piękny, a łódka płynie przez jezioro już od samego rana, mówią dzieci.\n" * 9
GREEK = "Η γρήγορη αλεπού πηδάει πάνω από το τεμπέλικο σκυλί. Καλημέρα, τι κάνετε σήμερα;\n" * 9
JAPANESE = "今日はとても天気がいいので、公園へ散歩に行きましょう。カタカナも使います。\n" * 9
CHINESE = "今天天气很好，我们一起去公园散步吧。他说中文很难学，但是很有意思。\n" * 9
KOREAN = "오늘은 날씨가 아주 좋아서 공원에 산책하러 갔습니다. 한국어는 재미있어요.\n" * 9


@pytest.mark.parametrize(
    ("text", "encoding", "suspected"),
    [
        *[(RUSSIAN, n, n) for n in ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic")],
        *[(FRENCH, name, name) for name in ("cp1252", "mac-roman", "cp850")],
        (FRENCH, "latin-1", "cp1252"),
        (POLISH, "iso8859-2", "iso8859-2"),
        (GREEK, "cp1253", "cp1253"),
        (JAPANESE, "shift_jis", "shift_jis"),
        (JAPANESE, "euc_jp", "euc_jp"),
        (CHINESE, "gb18030", "gb18030"),
        (KOREAN, "euc_kr", "euc_kr"),
        (RUSSIAN, "utf-16", "utf-16"),
        (FRENCH, "utf-16-le", "utf-16-le"),
        ("plain words\n" * 9, "utf-16-be", "utf-16-be"),
    ],
)
def test_the_most_plausible_is_the_right_one(text: str, encoding: str, suspected: str) -> None:
    found = inspect(text.encode(encoding))
    assert found.suspects[0].encoding == suspected
    assert 0.8 < found.suspects[0].plausibility <= 1
    assert found.marked == (encoding == "utf-16")


@pytest.mark.parametrize("text", [RUSSIAN, FRENCH, CHINESE, "plain", "", "\0"])
def test_utf8_is_not_suspected(text: str) -> None:
    found = inspect(text.encode())
    assert (found.utf8, found.wrong_at, found.suspects[1:]) == (True, None, ())
    assert misread(text) is None


def test_damaged_utf8_is_told_from_another_encoding() -> None:
    data = RUSSIAN.encode()
    found = inspect(data[:40] + b"\xff" + data[40:])
    assert (found.wrong_at, found.suspects[0].encoding) == (40, "utf-8")


@pytest.mark.parametrize(
    ("text", "encoding"), [(FRENCH, "cp1252"), (RUSSIAN, "cp1251"), (RUSSIAN, "koi8-r")]
)
@pytest.mark.parametrize("order", [1, -1])
def test_a_file_of_two_encodings_is_known_as_one(text: str, encoding: str, order: int) -> None:
    halves = [text.encode() + b"\n", text.encode(encoding) + b"\n"]
    found = inspect(b"".join(halves[::order]))
    assert (found.suspects[0].encoding, found.mixed_with) == ("utf-8", encoding)
    assert inspect(text.encode(encoding)).mixed_with is None


def test_bytes_that_are_no_text_are_not_plausible() -> None:
    found = inspect(bytes(range(256)) * 20)
    assert all(suspect.plausibility < 0.8 for suspect in found.suspects)


@pytest.mark.parametrize("cut", range(201, 209))
def test_a_character_cut_in_two_does_no_harm(cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suspects, "_LOOKED_AT", cut)
    assert inspect(CHINESE.encode("gb18030")).suspects[0].encoding == "gb18030"
    assert inspect(RUSSIAN.encode("utf-16")).suspects[0].encoding == "utf-16"


@pytest.mark.parametrize("encoding", ["cp1252", "cp1251", "latin-1", "koi8-r"])
def test_misread_utf8_is_noticed(encoding: str) -> None:
    wrong = "Été: du café".encode().decode(encoding, "replace")
    found = misread(f"{wrong} {FRENCH}")
    assert found is not None
    assert (found.encoding, found.meant) in [(encoding, "é"), ("cp1252", "é")]
