"""Sources: which files are read, in which order, and what cannot be read."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from crnn import checkpoint
from crnn.corpus import TextError
from crnn.corpus.sources import find_sources


def found(*paths: str, glob: str = "*") -> list[str]:
    return [source.path.replace(os.sep, "/") for source in find_sources(paths, glob).sources]


@pytest.fixture
def tree(folder: Path) -> Path:
    for name in ("d/b.txt", "d/a/z.txt", "d/a.txt", "d/c.py", "d/.h/x.txt", "d/.y.txt", "one"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_files_of_folders_are_sorted_and_named_files_are_not(tree: Path) -> None:
    files = ["d/a/z.txt", "d/a.txt", "d/b.txt", "d/c.py"]
    assert found("one", "d", "d/b.txt", "-") == ["one", *files, "d/b.txt", "-"]


@pytest.mark.parametrize(
    ("glob", "files"),
    [
        ("*.py", ["d/c.py"]),
        ("a/*.txt", ["d/a/z.txt"]),
        ("**/*.py", ["d/c.py"]),
        ("[ab].txt", ["d/a.txt", "d/b.txt"]),
        (".*", ["d/.y.txt"]),
    ],
)
def test_glob(tree: Path, glob: str, files: list[str]) -> None:
    assert found("d", glob=glob) == files


def test_folder_without_a_file_that_matches(tree: Path) -> None:
    with pytest.raises(TextError, match=r"folder 'd' has no file to read that matches '\*\.md'"):
        found("d", glob="*.md")


def test_paths_that_are_none() -> None:
    for paths, error, match in [
        ("book.txt", TypeError, "paths is a str, expected a list of paths"),
        ([], TextError, "paths is empty"),
        ([1], TypeError, r"paths\[0\] is a int, expected a str or pathlib.Path"),
        ([b"x"], TypeError, r"paths\[0\] is a bytes"),
        (["-", "-"], TextError, "standard input .* twice"),
        (["a\0b"], TextError, "cannot be a file's name"),
    ]:
        paths_of_any_type: Any = paths
        with pytest.raises(error, match=match):
            find_sources(paths_of_any_type, "*")


def test_missing_file(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"^there is no file 'no.txt'") as caught:
        find_sources([Path("no.txt")], "*")
    assert caught.value.errno == errno.ENOENT


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_link_to_nothing_in_a_folder(folder: Path) -> None:
    (folder / "link").symlink_to("nothing")
    (folder / "text").write_text("a")
    found = find_sources(["."], "*")
    assert [source.path for source in found.sources] == ["./text"]
    assert found.remarks == ("left out, a link to nothing: './link'",)
    with pytest.raises(TextError, match="has no file to read that matches"):
        find_sources(["."], "l*")


def test_what_crnn_saved_is_no_text_of_a_folder(folder: Path) -> None:
    saved = checkpoint.to_bytes({}, {})
    for name in ("m", "m.best", "n.bak"):
        (folder / name).write_bytes(saved)
    for name in ("m.bak", "m.part", "text", "text.bak"):
        (folder / name).write_text("a")
    found = find_sources([".", "m"], "*")
    assert [source.path for source in found.sources] == ["./text", "./text.bak", "m"]
    names = "'./m', './m.bak', './m.best', './m.part', './n.bak'"
    assert found.remarks == (f"left out, saved by crnn: {names}",)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_are_streams_and_left_out_of_folders(folder: Path) -> None:
    os.mkfifo("pipe")
    (folder / "file").write_text("x")
    assert [source.identity for source in find_sources(["pipe"], "*").sources] == [None]
    assert found(".") == ["./file"]


def test_unreadable_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "x").write_text("x")

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(os, "stat", fail)
    for error, match in [
        (PermissionError(errno.EACCES, "denied"), "'x' may not be read; check its permissions"),
        (OSError(errno.EIO, "Input/output error"), "'x' cannot be read: Input/output error"),
    ]:
        with pytest.raises(OSError, match=match) as caught:
            find_sources(["x"], "*")
        assert caught.value.__cause__ is error


def test_folder_that_may_not_be_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Any) -> Any:
        raise PermissionError(errno.EACCES, "denied", path)

    monkeypatch.setattr(os, "scandir", fail)
    with pytest.raises(PermissionError, match=r"'.' may not be read"):
        find_sources(["."], "*")


def test_file_that_vanishes_or_changes(folder: Path) -> None:
    path = folder / "x"
    path.write_text("abc")
    (source,) = find_sources(["x"], "*").sources
    with pytest.raises(TextError, match=r"'x' was changed while it was read"), source.open():
        path.write_text("abcd")
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"no file 'x'"), source.open():
        pass


def test_standard_input_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = find_sources(["-"], "*").sources
    for stream, lack in [(None, "is closed"), (io.StringIO("characters"), "has no bytes")]:
        monkeypatch.setattr(sys, "stdin", stream)
        with pytest.raises(OSError, match=f"standard input {lack}: "), source.open():
            pass
