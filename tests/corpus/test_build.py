"""Texts to a corpus: what comes in from anywhere comes out whole."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import sys
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crnn import Vocab
from crnn.corpus import Corpus, Reading, TextError, build, corpus_of_text, draft, read_corpus, spool

PLAIN = Reading()


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call a text of more than ten bytes large."""
    monkeypatch.setattr(draft, "Spool", lambda on_disk: spool.Spool(on_disk, 10))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(st.sampled_from("aΣ\r\n\u0301e\ufeff\U0001f600"), max_size=9),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["none", "file", "line"]),
    st.sampled_from(["utf-8", "utf-16"]),
    st.booleans(),
)
def test_files_are_joined(
    folder: Path, texts: list[str], documents: str, encoding: str, cache: bool
) -> None:
    reading = Reading(
        encoding=encoding, documents=documents, newlines="unix", normalize="NFC", lowercase=True
    )
    names = [f"{number}.txt" for number in range(len(texts))]
    for name, text in zip(names, texts, strict=True):
        Path(name).write_bytes(("\ufeff" * (encoding == "utf-8") + text).encode(encoding))
    parts = [corpus_of_text(text, reading) for text in texts if text]
    if not parts:
        with pytest.raises(TextError, match=r"is empty|are empty"):
            read_corpus(names, reading)
        return
    corpus = read_corpus(names, reading, cache=cache)
    assert corpus.text() == "".join(part.text() for part in parts)
    sizes = np.cumsum([0, *(part.characters for part in parts)])
    starts = [part.starts + size for part, size in zip(parts, sizes, strict=False)]
    joined = np.concatenate(starts) if documents != "none" else np.zeros(1, np.int64)
    assert np.array_equal(corpus.starts, joined)
    assert corpus.starts.dtype == np.int64
    assert corpus.sha256 == hashlib.sha256(corpus.indices.astype("<i4").tobytes()).hexdigest()
    assert corpus.vocab == Vocab.from_text(corpus.text())


def test_remarks_name_the_files(folder: Path) -> None:
    for name, data in {
        "1": b"",
        "2": b"\xef\xbb\xbf",
        "3": b"\xef\xbb\xbf\xef\xbb\xbfa\xef\xbb\xbf",
        **{f"e{number}": b"" for number in range(5)},
    }.items():
        (folder / name).write_bytes(data)
    corpus = read_corpus(["."], PLAIN)
    assert corpus.text() == "\ufeffa\ufeff"
    assert corpus.remarks == (
        "left out, they are empty: './1', './2', './e0', './e1', './e2' and 2 more",
        "byte-order mark left out at the beginning of: './2', './3'",
    )


def test_the_mark_of_utf_8_by_another_name(folder: Path) -> None:
    (folder / "x").write_bytes(b"\xef\xbb\xbfa")
    for encoding in ("utf-8", "utf-8-sig", "U8"):
        corpus = read_corpus(["x"], Reading(encoding=encoding))
        assert (corpus.text(), len(corpus.remarks)) == ("a", 1)
    assert read_corpus(["x"], Reading(encoding="latin-1")).text() == "\xef\xbb\xbfa"


def test_files_without_text(folder: Path) -> None:
    for name in "ab":
        (folder / name).touch()
    with pytest.raises(TextError, match=r"^'a' is empty, expected a text; is it the right file"):
        read_corpus(["a"], PLAIN)
    with pytest.raises(TextError, match=r"^'a', 'b' are empty, expected a text"):
        read_corpus(["a", "b"], PLAIN)


def test_any_file_is_bytes(folder: Path) -> None:
    data = bytes(range(256)) * 2 + b"\r\n"
    (folder / "x").write_bytes(data)
    (folder / "x.gz").write_bytes(gzip.compress(data))
    corpus = read_corpus(["x", "x.gz"], Reading(encoding="bytes", documents="file"))
    assert corpus.indices.tobytes() == data * 2
    assert len(corpus.vocab) == 256
    assert corpus.starts.tolist() == [0, 514]
    assert corpus.remarks == ("decompressed, and then taken as bytes: 'x.gz'",)


def test_mixed_encodings_name_the_file(folder: Path) -> None:
    (folder / "a.txt").write_bytes("né".encode())
    (folder / "b.txt").write_bytes(b"n\xe9")
    with pytest.raises(TextError, match=r"'.*b\.txt' is not utf-8: the byte 0xe9 at offset 1"):
        read_corpus([folder], PLAIN)


def test_one_distinct_character(folder: Path) -> None:
    (folder / "a").write_text("aaa")
    corpus = read_corpus(["a"], PLAIN)
    assert (corpus.vocab.chars, corpus.indices.tolist()) == ("a", [0, 0, 0])


def piped(data: bytes, monkeypatch: pytest.MonkeyPatch, **words: Any) -> Corpus:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    return read_corpus(["-"], Reading(documents="line"), **words)


@pytest.mark.usefixtures("small_memory")
def test_large_streams_are_mapped_and_leave_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "one\ntwo\nthree\n" * 30
    for data in (text.encode(), gzip.compress(text.encode())):
        corpus = piped(data, monkeypatch)
        assert corpus.text() == text
        assert corpus.documents == 90
        assert isinstance(corpus.indices, np.memmap)
        assert os.listdir(cache) == []
    assert not isinstance(piped(b"small", monkeypatch, cache=True).indices, np.memmap)
    assert not isinstance(piped(text.encode(), monkeypatch, cache=False).indices, np.memmap)
    with pytest.raises(TextError, match=r"standard input is not utf-8: the byte 0xff at offset 3"):
        piped(b"abc\xff", monkeypatch)


@pytest.mark.usefixtures("small_memory")
def test_large_files_are_kept(folder: Path, cache: Path) -> None:
    (folder / "x").write_text("one\ntwo\nthree\n")
    assert isinstance(read_corpus(["x"], PLAIN).indices, np.memmap)
    assert len(os.listdir(cache)) == 1
    assert not isinstance(read_corpus(["x"], PLAIN, cache=False).indices, np.memmap)
    cache.rename(cache.with_name("other"))
    cache.touch()
    with pytest.raises(OSError, match=r"cache folder .* cannot be written"):
        read_corpus(["x"], PLAIN)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe(folder: Path) -> None:
    os.mkfifo("pipe")
    writer = threading.Thread(target=Path("pipe").write_bytes, args=(b"abc",))
    writer.start()
    assert read_corpus(["pipe"], PLAIN, cache=True).text() == "abc"
    writer.join()


@pytest.mark.usefixtures("small_memory")
def test_a_bomb_does_not_fill_the_memory(folder: Path) -> None:
    with gzip.open("bomb.gz", "wb") as file:
        for _ in range(60):
            file.write(bytes(1 << 20))
    tracemalloc.start()
    try:
        corpus = read_corpus(["bomb.gz"], PLAIN)
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()
    assert corpus.characters == 60 << 20


def test_progress(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "x").write_bytes(b"abc\n" * (3 << 20))
    told: list[tuple[int, int | None]] = []
    words: Any = {"progress": lambda *both: told.append(both), "cache": True}
    read_corpus(["x"], PLAIN, **words)
    assert told == sorted(told)
    assert len(told) > 4
    assert told[-1] == (12 << 20, 12 << 20)
    told.clear()
    read_corpus(["x"], PLAIN, **words)
    assert told == [(12 << 20, 12 << 20)]
    told.clear()
    piped(b"abc", monkeypatch, progress=words["progress"])
    assert told == [(3, None)]


def test_texts_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_PIECE", 2)
    reading = Reading(newlines="unix", normalize="NFC", lowercase=True, documents="line")
    corpus = corpus_of_text("\ufeffE\u0301\r\n\r\nX\udc81", reading)
    assert corpus.text() == "\ufeff\xe9\n\nx\udc81"
    assert corpus.starts.tolist() == [0, 3, 4]
    assert corpus_of_text("ab", vocab=Vocab("ba")).indices.tolist() == [1, 0]


def test_arguments_of_wrong_type() -> None:
    read: Any = read_corpus
    make: Any = corpus_of_text
    cases: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
        (make, {"text": b"x"}, TypeError, "text is a bytes, expected a str"),
        (make, {"text": ""}, TextError, "text is empty"),
        (make, {"text": "x", "reading": "utf-8"}, TypeError, "reading is a str"),
        (make, {"text": "x", "vocab": "x"}, TypeError, "vocab is a str"),
        (read, {"paths": ["x"], "reading": PLAIN, "cache": "no"}, TypeError, "cache is 'no'"),
        (read, {"paths": ["x"], "reading": None}, TypeError, "reading is a NoneType"),
    ]
    for call, words, error, match in cases:
        with pytest.raises(error, match=match):
            call(**words)
