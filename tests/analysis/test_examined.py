"""Texts for the doctor: what is read as it is, and what in the encoding that it seems to have."""

from __future__ import annotations

import gzip
import io
import os
import sys
import threading
from pathlib import Path

import pytest

from crnn import corpus
from crnn.analysis import examined
from crnn.analysis.examined import examine
from crnn.corpus import Reading, TextError

RUSSIAN = "Съешь ещё этих мягких французских булок, да выпей же чаю.\n" * 20
FILES = Reading(documents="file")


def test_files_of_several_encodings_are_one_text(tmp_path: Path) -> None:
    for name, encoding in (("a", "cp1251"), ("b", "utf-8"), ("c", "utf-16"), ("d", "koi8-r")):
        (tmp_path / name).write_bytes(RUSSIAN.encode(encoding))
    text, files = examine([tmp_path], FILES)
    assert text.text() == RUSSIAN * 4
    assert text.starts.tolist() == [n * len(RUSSIAN) for n in range(4)]
    assert [file.read_as for file in files] == ["cp1251", "utf-8", "utf-16", "koi8-r"]
    assert [Path(file.name).name for file in files] == ["a", "b", "c", "d"]
    assert [file.size for file in files] == [os.path.getsize(tmp_path / name) for name in "abcd"]


def test_all_of_a_long_file_is_read_and_its_beginning_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examined, "_INSPECTED", 100)
    monkeypatch.setattr("crnn.corpus.compression.CHUNK", 64)
    for name, encoding in (("old", "cp1251"), ("new", "utf-8")):
        (tmp_path / name).write_bytes(RUSSIAN.encode(encoding))
        text, (file,) = examine([tmp_path / name], Reading())
        assert (text.text(), file.read_as) == (RUSSIAN, encoding)


def test_a_chosen_encoding_is_taken_and_not_doubted(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(RUSSIAN.encode("cp1251"))
    text, (file,) = examine([tmp_path / "old"], Reading(), "latin-1")
    assert text.text() == RUSSIAN.encode("cp1251").decode("latin-1")
    assert (file.read_as, file.chosen, file.encoding.suspects[0].encoding) == (
        "latin-1", True, "cp1251"
    )  # fmt: skip


def test_compressed_files_are_looked_into(tmp_path: Path) -> None:
    (tmp_path / "old.gz").write_bytes(gzip.compress(RUSSIAN.encode("cp1251")))
    text, (file,) = examine([tmp_path / "old.gz"], Reading())
    assert (text.text(), file.read_as) == (RUSSIAN, "cp1251")
    assert file.size == os.path.getsize(tmp_path / "old.gz")


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
def test_standard_input_comes_once(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    data = RUSSIAN.encode(encoding)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    text, (file,) = examine(["-"], Reading())
    assert text.text() == RUSSIAN
    assert (file.name, file.size, file.read_as) == ("standard input", len(data), encoding)


def test_an_empty_stream_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    with pytest.raises(TextError, match="standard input is empty, expected a text"):
        examine(["-"], Reading())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_comes_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_text(RUSSIAN, "utf-8"))
    writer.start()
    text, (file,) = examine([tmp_path / "pipe"], Reading())
    writer.join()
    assert (text.text(), file.size) == (RUSSIAN, len(RUSSIAN.encode()))


def test_damage_leaves_marks_and_the_rest(tmp_path: Path) -> None:
    (tmp_path / "torn").write_bytes(RUSSIAN.encode() + b"\xff" + RUSSIAN.encode())
    text, (file,) = examine([tmp_path / "torn"], Reading())
    assert text.text() == f"{RUSSIAN}\ufffd{RUSSIAN}"
    assert file.encoding.wrong_at == len(RUSSIAN.encode())


def test_texts_are_cleaned_as_for_a_training(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"One\r\nTwo\r\n")
    (tmp_path / "y.md").write_bytes(b"left out")
    reading = Reading(newlines="unix", lowercase=True, documents="line", glob="*.txt")
    text, files = examine([tmp_path], reading)
    assert (text.text(), text.starts.tolist(), len(files)) == ("one\ntwo\n", [0, 4], 1)


def test_without_paths_it_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "default_text", lambda: "to be\ud800")
    text, (file,) = examine([], Reading())
    assert (text.text(), file.name, file.size) == ("to be\ud800", examined.DEFAULT, 8)
