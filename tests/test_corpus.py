"""Reading text: nothing changed on the way, and errors that say where and what to do."""

import errno
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crnn import corpus
from crnn.corpus import TextError, default_text, read_text


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("corpus") / "text"


@settings(max_examples=30)
@given(st.text(min_size=1).filter(lambda text: not text.startswith("\ufeff")))
def test_text_comes_back_exactly(scratch: Path, text: str) -> None:
    for data, encoding in [
        (text.encode(), "utf-8"),
        (b"\xef\xbb\xbf" + text.encode(), "UTF8"),
        (text.encode("utf-16"), "utf-16"),
    ]:
        scratch.write_bytes(data)
        assert read_text(scratch, encoding) == text
        assert read_text(str(scratch), encoding) == text


def test_newlines_and_nul_are_kept(scratch: Path) -> None:
    scratch.write_bytes(b"a\r\nb\rc\n\0\x1a")
    assert read_text(scratch) == "a\r\nb\rc\n\0\x1a"


def test_only_one_byte_order_mark_is_removed(scratch: Path) -> None:
    scratch.write_bytes(b"\xef\xbb\xbf\xef\xbb\xbfa\xef\xbb\xbf")
    assert read_text(scratch) == "\ufeffa\ufeff"
    assert read_text(scratch, "latin-1").startswith("\xef\xbb\xbf")
    scratch.write_bytes("\ufeffa".encode("utf-16-le"))
    assert read_text(scratch, "utf-16-le") == "\ufeffa"  # this name says that there is no mark
    assert read_text(scratch, "utf-16") == "a"


def test_other_encodings(scratch: Path) -> None:
    scratch.write_bytes(b"\xe0\xe1")
    assert read_text(scratch, "latin-1") == "\xe0\xe1"
    assert read_text(scratch, "cp1251") == "\u0430\u0431"


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf"])
def test_empty_file(scratch: Path, data: Any) -> None:
    scratch.write_bytes(data)
    with pytest.raises(TextError, match=r"text' is empty, expected a text"):
        read_text(scratch)


@pytest.mark.parametrize(
    ("data", "encoding", "parts"),
    [
        (
            b"abc\xe9d",
            "utf-8",
            ["is not utf-8", "0xe9 at offset 3", "latin-1", "--encoding cp1251"],
        ),
        (b"\xef\xbb\xbfab\xff", "utf-8-sig", ["is not utf-8-sig", "0xff at offset 5"]),
        (b"\xef\xbb\xbfab\xff", "utf-8", ["0xff at offset 5"]),
        (b"ab\xe2\x82", "utf-8", ["0xe2 at offset 2", "unexpected end of data"]),
        (b"\xed\xa0\x80", "utf-8", ["0xed at offset 0"]),
        (b"\xff\xfea\0", "utf-8", ["0xff at offset 0", "try --encoding utf-16"]),
        (b"a\xe9", "ascii", ["is not ascii", "0xe9 at offset 1", "with --encoding"]),
        (b"abc", "utf-16-le", ["is not utf-16-le", "truncated data"]),
    ],
)
def test_wrong_bytes_are_named(scratch: Path, data: Any, encoding: str, parts: list[str]) -> None:
    scratch.write_bytes(data)
    with pytest.raises(TextError) as caught:
        read_text(scratch, encoding)
    for part in [repr(str(scratch)), *parts]:
        assert part in str(caught.value)
    assert isinstance(caught.value.__cause__, UnicodeDecodeError)


@pytest.mark.parametrize("encoding", ["no-such", "", "hex", "a\0b", "undefined"])
def test_unknown_encoding(scratch: Path, encoding: str) -> None:
    scratch.write_bytes(b"abc")
    with pytest.raises(TextError, match=r"encoding is .* expected a text encoding of Python"):
        read_text(scratch, encoding)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        read_text(tmp_path / "no.txt")
    assert str(caught.value).startswith("there is no file '")
    assert caught.value.errno == errno.ENOENT
    with pytest.raises(IsADirectoryError, match="is a folder, expected a text file"):
        read_text(tmp_path)


def test_unreadable_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "text"
    path.write_text("abc")

    def fail(self: Any) -> bytes:
        raise self.error

    monkeypatch.setattr(Path, "read_bytes", fail)
    for error, where, match in [
        (PermissionError(errno.EACCES, "denied"), path, "may not be read; check its permissions"),
        (PermissionError(errno.EACCES, "denied"), tmp_path, "is a folder"),
        (OSError(errno.EIO, "Input/output error"), path, "cannot be read: Input/output error"),
    ]:
        monkeypatch.setattr(Path, "error", error, raising=False)
        with pytest.raises(OSError, match=match) as caught:
            read_text(where)
        assert caught.value.__cause__ is error


def test_arguments_of_wrong_type() -> None:
    number: Any = 0
    with pytest.raises(TypeError, match=r"path is a int, expected a str or pathlib\.Path"):
        read_text(number)
    with pytest.raises(TypeError, match="encoding is a int, expected a str"):
        read_text("x", number)
    with pytest.raises(TextError, match="cannot be a file's name"):
        read_text("a\0b")


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
