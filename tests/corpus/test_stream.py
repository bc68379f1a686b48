"""TextStream: text without an end in sight."""

from __future__ import annotations

import ast
import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crnn.corpus import Reading, TextError, TextStream, read_corpus
from crnn.corpus.stream import PIECE


def test_a_stream_is_the_text_of_a_corpus(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_bytes(b"\xef\xbb\xbfone\r\n")
    (tmp_path / "2.txt").write_bytes(gzip.compress("zw\u00f6lf\r\n".encode() * 50_000))
    (tmp_path / "3.txt").write_bytes(b"")
    reading, told = Reading(newlines="unix"), []
    stream = TextStream([tmp_path], reading, lambda done, total: told.append((done, total)))
    corpus = read_corpus([tmp_path], reading)
    pieces = list(stream)
    assert "".join(pieces) == corpus.text()
    assert 0 < min(map(len, pieces)) <= max(map(len, pieces)) <= PIECE
    assert stream.remarks == tuple(note for note in corpus.remarks if "empty" not in note)
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert told[-1] == (size, size)


def test_nothing_is_no_error_and_what_is_wrong_is(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"")
    assert list(TextStream([path], Reading())) == []
    path.write_bytes(b"ab\xff")
    with pytest.raises(TextError, match="0xff at offset 2"):
        list(TextStream([path], Reading()))
    with pytest.raises(FileNotFoundError):
        TextStream([tmp_path / "none"], Reading())


LISTEN = """
from crnn.corpus import Reading, TextStream
for piece in TextStream(["-"], Reading()):
    print(ascii(piece), flush=True)
"""


def test_a_line_in_a_pipe_is_there_when_it_was_written() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", LISTEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        for line in ("the first line\n", "second: ö\n"):
            os.write(reader.stdin.fileno(), line.encode())
            heard = ""
            while not heard.endswith("\n"):  # waits for ever if the line is held back
                heard += ast.literal_eval(reader.stdout.readline().decode())
            assert heard == line
