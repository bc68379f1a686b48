"""`crnn data`: what a person and what a program is told of a text."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cli.processes import run

from crnn import corpus
from crnn.analysis import doctor, forecast

if sys.platform != "win32":
    from cli.test_terminal import in_terminal, plain

RUSSIAN = "Съешь ещё этих мягких французских булок, да выпей же чаю.\n" * 20


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast, "_SECONDS", 0.01)


def test_the_tables_say_what_there_is_in_whole_lines(crnn: Any, text: str) -> None:
    result = crnn("data", "book.txt")
    assert (result.exit_code, result.stderr) == (0, "")
    said = result.stdout
    for part in ["text          book.txt (900 bytes), UTF-8\n", f"900, {len(set(text))} different",
                 "strange       none\n", "newlines      24 \\n\n", "24 of at least 20 ",
                 '"to be, or not to be: that is the question." 12 times\n', "last tenth stand",
                 "U+003A  COLON\n", "0 characters of context", "5 characters of context", "gzip -9",
                 "bzip2 -9", "xz -9", "nats per window of 25\n", "on this machine: 101,000 windows",
                 "\nadvice        ", "900 characters are few"]:  # fmt: skip
        assert part in said, part
    assert not any(line.endswith(" ") for line in said.splitlines())


def test_json_is_the_diagnosis(crnn: Any, text: str) -> None:
    facts = json.loads(crnn("data", "book.txt", "--json").stdout)
    assert facts["files"] == [
        {
            "name": "book.txt", "size": 900, "read_as": "utf-8", "chosen": False,
            "encoding": {"utf8": True, "wrong_at": None, "marked": False, "suspects": [],
                         "mixed_with": None},
        }
    ]  # fmt: skip
    assert (facts["characters"], facts["distinct"]) == (len(text), len(set(text)))
    assert len(facts["baselines"]["ngrams"]) == 6
    assert facts["expected_time"]["windows_per_second"] > 0
    seconds = facts["expected_time"]["seconds"]
    assert seconds == 101_000 / facts["expected_time"]["windows_per_second"]


def test_files_are_documents(crnn: Any, folder: Path) -> None:
    (folder / "more.txt").write_bytes((folder / "book.txt").read_bytes())
    said = crnn("data", "book.txt", "more.txt").stdout
    assert "              more.txt (900 bytes), UTF-8\n" in said
    assert "documents     2, 1 of them a copy of another\n" in said


def test_another_encoding_is_suspected_and_read(crnn: Any, folder: Path) -> None:
    (folder / "old.txt").write_bytes(RUSSIAN.encode("cp1251"))
    said = crnn("data", "old.txt").stdout
    assert "not UTF-8 at byte 0; suspected: cp1251 (100% plausible)" in said
    assert "read here as cp1251\n" in said
    assert "--encoding cp1251" in said
    chosen = crnn("data", "old.txt", "--encoding", "cp1251").stdout
    assert "old.txt (1.2 kB), read as cp1251\n" in chosen
    assert "--encoding" not in chosen
    assert "CYRILLIC CAPITAL LETTER ES" in chosen


def test_damaged_utf8_is_read_with_marks_in_it(crnn: Any, folder: Path) -> None:
    (folder / "torn.txt").write_bytes(b"\xef\xbb\xbf" + RUSSIAN.encode() + b"\xff")
    said = crnn("data", "torn.txt").stdout
    assert "suspected: utf-8 (100% plausible)" in said
    assert "U+FFFD  REPLACEMENT CHARACTER" in said
    assert "FEFF" not in said


def test_strange_characters_are_visible_and_not_too_many(crnn: Any, folder: Path) -> None:
    many = "".join(map(chr, range(1, 9))) + "\x1b\u200b\u202e" + "\ue000\ue001\ue002"
    (folder / "strange.txt").write_text(f"a\r\nb\rÃ© {many} b\n", "utf-8", newline="")
    said = crnn("data", "strange.txt").stdout
    for part in ("Strange\n", "␁", "U+001B  control character", "and 2 others\n", "1 \\r\\n",
                 ": mixed", '1 run of characters look like UTF-8 read as cp1252: "Ã©" for "é"',
                 "the last tenth is too short to tell"):  # fmt: skip
        assert part in said, part
    assert not set(said) & set(many)


def test_a_mark_is_noticed_and_left_out(crnn: Any, folder: Path) -> None:
    (folder / "marked.txt").write_bytes(b"\xef\xbb\xbfone line of more than twenty characters\n")
    said = crnn("data", "marked.txt").stdout
    assert "UTF-8 with a byte-order mark\n" in said
    assert "strange       none\n" in said
    assert "1 of at least 20 characters, all different\n" in said


def test_a_name_moves_no_cursor(crnn: Any, folder: Path) -> None:
    (folder / "a\x1b[2J.txt").write_text("abc", "utf-8")
    assert "\x1b" not in crnn("data", "a\x1b[2J.txt").stdout


def test_a_long_text_says_what_was_studied(crnn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "STUDIED", 500)
    said = crnn("data", "book.txt").stdout
    assert "counted 810 characters and were measured on 90; whole text: the last 500.\n" in said


def test_large_vocabularies(crnn: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "expected_time", lambda vocab, indices: None)  # slow with so many
    for size in (300, 70_000):
        chars = "".join(map(chr, range(0x10000, 0x10000 + size)))
        (folder / "wide.txt").write_text(chars, "utf-8")
        facts = json.loads(crnn("data", "wide.txt", "--json").stdout)
        assert (facts["characters"], facts["distinct"]) == (size, size)


def test_standard_input_and_the_default(
    folder: Path, crnn: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (folder / "book.txt").open("rb") as stream:
        status, out, said = run("data", "-", "--json", folder=folder, stdin=stream)
    assert (status, said) == (0, "")
    assert json.loads(out)["files"][0]["name"] == "standard input"
    monkeypatch.setattr(corpus, "default_text", lambda: "to be or not " * 9)
    assert "the language reference of Python (117 bytes), UTF-8\n" in crnn("data").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("no.txt",), "there is no file 'no.txt'"),
        (("empty.txt",), "'empty.txt' is empty"),
        (("book.txt", "--encoding", "none"), "encoding is 'none', which does not work here"),
        (("noise.bin",), "is not utf-8: the byte 0x81 at offset 0"),
    ],
)
def test_errors_are_one_line(crnn: Any, folder: Path, words: tuple[str, ...], message: str) -> None:
    (folder / "empty.txt").touch()
    (folder / "noise.bin").write_bytes(b"\x81\xb5\x82\x89\xa8\xbd\x84\x8e\xa5\xde\xbd\x9d")
    result = crnn("data", *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_in_a_terminal_it_keeps_to_the_width(folder: Path) -> None:
    status, shown = in_terminal(folder, "data", "book.txt", columns=60)
    assert status == 0
    lines = plain(shown).splitlines()
    assert max(map(len, lines)) <= 60
    assert any("━" in line for line in lines)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_dumb_terminal_gets_no_codes(folder: Path) -> None:
    status, shown = in_terminal(folder, "data", "book.txt", term="dumb")
    assert (status, "\x1b" in shown) == (0, False)


def test_texts_are_read_as_for_a_training(crnn: Any, folder: Path) -> None:
    (folder / "texts").mkdir()
    data = (folder / "book.txt").read_bytes().replace(b"\n", b"\r\n")
    (folder / "texts" / "a.gz").write_bytes(gzip.compress(data))
    (folder / "texts" / "notes").write_text("left out")
    words = ("--glob=*.gz", "--newlines=unix", "--lowercase", "--min-count=2", "--documents=line")
    said = crnn("data", "texts", *words, "--json")
    facts = json.loads(said.stdout)
    assert facts["characters"] == 900
    assert facts["newlines"]["windows"] == 0
    assert facts["distinct"] == facts["distinct_lowercase"]
    assert facts["documents"]["count"] == 24
    assert [Path(file["name"]).name for file in facts["files"]] == ["a.gz"]


def test_what_was_left_out_is_noted(crnn: Any, folder: Path) -> None:
    (folder / "empty").touch()
    result = crnn("data", "book.txt", "empty")
    assert result.exit_code == 0
    assert result.stderr == "Note: left out, it is empty: 'empty'\n"


def test_a_file_of_two_encodings_is_diagnosed(crnn: Any, folder: Path) -> None:
    text = "Voilà un café très bien préparé, où l'élève naïf a mangé.\n" * 9
    (folder / "half.txt").write_bytes(text.encode() + text.encode("latin-1"))
    said = " ".join(crnn("data", "half.txt").stdout.split())
    assert "partly UTF-8, the rest (first at byte 616) looks like cp1252; read here" in said
    assert "half.txt is partly UTF-8 and partly cp1252, first at byte 616: convert that" in said
    assert "clean copy" not in said


def test_bytes_are_no_letters(crnn: Any, folder: Path) -> None:
    (folder / "x.bin").write_bytes(bytes(range(256)) * 3 + b"\r\nAb\n" * 300)
    said = crnn("data", "x.bin", "--encoding", "bytes").stdout
    assert "byte 0x00" in said
    for word in ("LATIN", "strange", "Strange", "UTF-8", "newlines", "--lowercase", "--min"):
        assert word not in said


def test_one_character_has_no_negative_figures(crnn: Any, folder: Path) -> None:
    (folder / "a.txt").write_text("a" * 5000)
    said = crnn("data", "a.txt").stdout
    assert "-0.0" not in said
    assert "one character again and again" in said


def test_one_is_not_said_to_be_many(crnn: Any, folder: Path) -> None:
    line = "a line of some letters\n"
    (folder / "a.txt").write_text(line + line + "another line of letters!" * 9)
    (folder / "b.txt").write_text("ab" * 50 + "c")
    assert "1 of them a copy of another\n" in crnn("data", "a.txt").stdout
    assert "; 1 of them stands there fewer than 5 times\n" in crnn("data", "b.txt").stdout
