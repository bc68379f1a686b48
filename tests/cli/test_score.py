"""`crnn score`: totals, lines, tables, shades."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from cli.processes import environment, run, start

import crnn as package


@pytest.fixture
def bits(trained: Path, text: str) -> list[float]:
    """The surprise at each character of the text."""
    return list(package.load(trained).score(text).nats / np.log(2))


def test_totals_are_those_of_the_model(crnn: Any, trained: Path, text: str) -> None:
    score = package.load(trained).score(text)
    result = crnn("score", "model.safetensors", "book.txt")
    assert (result.exit_code, result.stderr) == (0, "")
    rows = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert rows["characters"] == "900"
    assert float(rows["bits/char"]) == pytest.approx(score.bits_per_char, abs=1e-4)
    facts = json.loads(crnn("score", "model.safetensors", "book.txt", "--json").stdout)
    assert facts["total"] == score.total
    assert facts["perplexity"] == score.perplexity
    assert facts["guessed"] == np.count_nonzero(score.rank == 1)


def test_files_are_one_text_and_may_be_compressed_or_piped(
    crnn: Any, trained: Path, text: str, folder: Path
) -> None:
    (folder / "2.txt.gz").write_bytes(gzip.compress(text.encode()))
    double = package.load(trained).score(text + text).total
    facts = json.loads(crnn("score", trained.name, "book.txt", "2.txt.gz", "--json").stdout)
    assert facts["total"] == double
    with (folder / "book.txt").open("rb") as book:
        status, out, _ = run("score", trained.name, "--json", folder=folder, stdin=book)
    assert status == 0
    assert json.loads(out)["characters"] == 900
    with trained.open("rb") as model:
        status, piped, _ = run("score", "-", "book.txt", "--json", folder=folder, stdin=model)
    assert (status, piped) == (0, out)


def test_every_line_has_a_row(crnn: Any, trained: Path, text: str, bits: list[float]) -> None:
    result = crnn("score", trained.name, "book.txt", "--per-line")
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert [row[2] for row in rows] == text.splitlines()
    assert [int(row[1]) for row in rows] == list(range(1, len(rows) + 1))
    end = 0
    for row, line in zip(rows, text.splitlines(keepends=True), strict=True):
        begin, end = end, end + len(line)
        assert float(row[0]) == pytest.approx(np.mean(bits[begin:end]), abs=1e-3)


def test_the_worst_lines_are_found(crnn: Any, trained: Path, folder: Path) -> None:
    lines = ["to be, or not to be\n"] * 20
    lines[13] = "qqttsshh::qq\n"
    (folder / "log").write_text("".join(lines))
    for more in ((), ("--apart",)):
        result = crnn("score", trained.name, "log", "--worst", "2", *more)
        first, second = result.stdout.splitlines()
        assert first.split("\t")[1:] == ["14", "qqttsshh::qq"]
        assert float(first.split("\t")[0]) > float(second.split("\t")[0])


def test_tables_of_characters(crnn: Any, trained: Path, text: str, folder: Path) -> None:
    score = package.load(trained).score(text)
    wanted = {
        "position": list(range(900)),
        "char": list(text),
        "nats": score.nats.tolist(),
        "rank": score.rank.tolist(),
        "entropy": score.entropy.tolist(),
    }
    out = crnn("score", trained.name, "book.txt", "--csv").stdout_bytes.decode()
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    assert [row["char"] for row in rows] == wanted["char"]
    assert [float(row["nats"]) for row in rows] == wanted["nats"]
    out = crnn("score", trained.name, "book.txt", "--jsonl").stdout
    rows = [json.loads(line) for line in out.splitlines()]
    assert {name: [row[name] for row in rows] for name in wanted} == wanted
    assert crnn("score", trained.name, "book.txt", "--parquet", "-o", "t.parquet").exit_code == 0
    assert pq.read_table(folder / "t.parquet").to_pydict() == wanted


def test_tables_of_lines_and_skipped_characters(crnn: Any, trained: Path, folder: Path) -> None:
    (folder / "x").write_text("to be\nq€\n€€€", "utf-8")
    words = ("score", trained.name, "x", "--per-line", "--unknown", "skip", "--jsonl")
    result = crnn(*words)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["line"], row["characters"], row["text"]) for row in rows] == [
        (1, 6, "to be"), (2, 2, "q€"), (3, 0, "€€€"),
    ]  # fmt: skip
    assert rows[2]["bits_per_char"] is None
    assert "4 characters unknown to the model, left out" in result.stderr
    assert crnn(*words, "-o", "t.jsonl").stdout == ""
    assert (folder / "t.jsonl").read_text("utf-8") == result.stdout
    again = crnn(*words, "-o", "t.jsonl")
    assert again.exit_code == 1
    assert "is there" in again.stderr
    assert crnn(*words, "-o", "t.jsonl", "-f").exit_code == 0


def test_unknown_characters_are_named(crnn: Any, trained: Path, folder: Path) -> None:
    (folder / "x").write_text("to be\nq€\n", "utf-8")
    result = crnn("score", trained.name, "x", "--csv", "-o", "t.csv")
    assert (result.exit_code, (folder / "t.csv").exists()) == (1, False)
    assert "'€' U+20AC EURO SIGN at position 7" in result.stderr
    result = crnn("score", trained.name, "x", "--per-line")
    assert "line 2 has a character" in result.stderr
    result = crnn("score", trained.name, "x", "--unknown", "uniform", "--json")
    facts = json.loads(result.stdout)
    assert (facts["characters"], facts["unknown"]) == (9, 1)
    assert "1 character unknown to the model, scored as" in result.stderr


def test_nothing_has_a_score_too(crnn: Any, trained: Path, folder: Path) -> None:
    (folder / "empty").write_bytes(b"")
    result = crnn("score", trained.name, "empty")
    assert (result.exit_code, result.stdout) == (0, "characters    0: there is nothing to score\n")
    facts = json.loads(crnn("score", trained.name, "empty", "--json").stdout)
    assert (facts["characters"], facts["total"], facts["bits_per_char"]) == (0, 0, None)
    assert crnn("score", trained.name, "empty", "--per-line").stdout == ""


def test_shades_are_of_the_text(crnn: Any, trained: Path, text: str, folder: Path) -> None:
    status, out, _ = run(
        "score", trained.name, "book.txt", "--color", folder=folder,
        env=environment(TERM="xterm-256color"),
    )  # fmt: skip
    assert status == 0
    assert out.count(b"\x1b[") > 20
    plain = crnn("score", trained.name, "book.txt", "--color").stdout
    assert plain.startswith(text.splitlines()[0]) or "\x1b[" in plain


def test_texts_are_read_as_in_the_training(crnn: Any, folder: Path) -> None:
    words = ("--steps=20", "--hidden-size=4", "-q", "--lowercase", "--newlines=unix")
    assert crnn("train", "book.txt", *words, "-o", "m.safetensors").exit_code == 0
    book = (folder / "book.txt").read_bytes()
    (folder / "loud").write_bytes(book.upper().replace(b"\n", b"\r\n"))
    quiet, loud = (
        crnn("score", "m.safetensors", name, "--json").stdout for name in ("book.txt", "loud")
    )
    assert quiet == loud


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--apart",), "--apart is for lines"),
        (("--color", "--csv"), "--color shows the text"),
        (("--json", "--worst=3"), "--json is for the totals"),
        (("-o", "x"), "-o is for a table"),
        (("--worst=0",), "--worst"),
        (("--unknown=x",), "--unknown"),
    ],
)
def test_what_does_not_go_together_is_refused(
    crnn: Any, trained: Path, words: tuple[str, ...], said: str
) -> None:
    result = crnn("score", trained.name, "book.txt", *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_line_is_scored_when_it_is_written(trained: Path, folder: Path) -> None:
    """As with tail -f, and then the reader leaves."""
    words = ("score", trained.name, "--per-line", "--apart")
    with start(*words, folder=folder, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in (b"to be or not\n", b"the question\n"):
            os.write(process.stdin.fileno(), line)
            assert process.stdout.readline().split(b"\t")[2] == line
        process.stdout.close()
        os.write(process.stdin.fileno(), b"be\n")
        assert process.wait() == 128 + 13


def test_numbers_that_are_not_finite_are_null(crnn: Any, folder: Path) -> None:
    model = package.RNN("ab\n", hidden_size=3)
    model.by[0] = -9000
    model.save("m.safetensors")
    (folder / "x").write_text("b\nab\n")
    facts = json.loads(crnn("score", "m.safetensors", "x", "--json").stdout)
    assert (facts["perplexity"], facts["characters"]) == (None, 5)
    assert facts["bits_per_char"] > 500
    model.by[:] = np.nan
    model.save("nan.safetensors")
    facts = json.loads(crnn("score", "nan.safetensors", "x", "--json").stdout)
    assert (facts["total"], facts["mean"]) == (None, None)
    for form in ("--jsonl", "--csv"):
        assert "nan" not in crnn("score", "nan.safetensors", "x", form).stdout.lower()
    assert "packed" not in crnn("score", "nan.safetensors", "x").stdout


def test_lines_without_a_score_are_not_the_worst(crnn: Any, folder: Path) -> None:
    model = package.RNN("abc", hidden_size=3, seed=1)
    model.by[:, 0] = [3, 1, -4]
    model.save("m.safetensors")
    (folder / "x").write_text("zz\nca\nzz\ncc\naa\nzz\ncb\nzz")
    result = crnn("score", "m.safetensors", "x", "--unknown", "skip", "--worst", "9", "--apart")
    assert [line.split("\t")[2] for line in result.stdout.splitlines()] == ["cc", "cb", "ca", "aa"]


def test_model_and_text_cannot_both_be_standard_input(trained: Path, folder: Path) -> None:
    with trained.open("rb") as model:
        status, _, said = run("score", "-", folder=folder, stdin=model)
    assert (status, "are both standard input" in said) == (2, True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_bar_on_the_terminal_keeps_the_output_out_of_it(trained: Path, folder: Path) -> None:
    """With standard error at a terminal and standard output in a file, whoever waits sees a bar."""
    ours, theirs = pty.openpty()
    code = (
        "import crnn.cli.bar as bar; bar._PATIENCE = -1; from crnn.cli import main; "
        f"main(['score', {trained.name!r}, 'book.txt', '--per-line'])"
    )
    with (folder / "out").open("wb") as out:
        subprocess.run(
            [sys.executable, "-c", code], cwd=folder, stdout=out, stderr=theirs, check=True,
            env=environment(TERM="xterm"),
        )  # fmt: skip
    os.close(theirs)
    shown = os.read(ours, 1 << 16)
    os.close(ours)
    assert b"scoring" in shown
    assert b"nobler" not in shown
    lines = (folder / "out").read_text("utf-8").splitlines()
    assert len(lines) == 24
    assert all(line.count("\t") == 2 for line in lines)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_table_that_is_stopped_leaves_nothing(trained: Path, folder: Path) -> None:
    before = sorted(folder.iterdir())
    words = ("score", str(trained), "--csv", "-o", "table")
    with start(*words, folder=folder, stdin=subprocess.PIPE) as process:
        while sorted(folder.iterdir()) == before:  # until it has made its temporary file
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60)[1].decode().strip() == "Stopped."
    assert process.returncode == 128 + signal.SIGTERM
    assert sorted(folder.iterdir()) == before
