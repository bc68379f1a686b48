"""`crnn compress` and `decompress`: exact, by files and pipes; an error leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from cli.processes import run, start
from click.testing import CliRunner

import crnn as package
from crnn.cli import main


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_there_and_back(crnn: Any, trained: Path, text: str) -> None:
    packed = crnn("compress", str(trained), "book.txt")
    assert packed.exit_code == 0
    assert packed.stdout == ""
    found = re.fullmatch(
        r"book.txt: ([\d,]+) bytes to (\d+ bytes), [\d.]+%, ([\d.]+) bits per character\n",
        packed.stderr,
    )
    assert found is not None
    size = Path("book.txt.crnn").stat().st_size
    assert found[1] == f"{len(text):,}"
    assert float(found[3]) == pytest.approx(8 * size / len(text), abs=5e-4)
    Path("book.txt").unlink()
    unpacked = crnn("decompress", str(trained), "book.txt.crnn")
    assert (unpacked.exit_code, unpacked.stdout) == (0, "")
    assert unpacked.stderr == f"book.txt.crnn: {size:,} bytes to {len(text):,} bytes\n"
    assert Path("book.txt").read_bytes() == text.encode()


def test_without_a_model(crnn: Any, folder: Path, text: str) -> None:
    assert crnn("compress", "--online", "book.txt", "-o", "b").exit_code == 0
    assert Path("b").read_bytes() == package.compress(None, text.encode())
    assert crnn("decompress", "b", "-o", "again").exit_code == 0
    assert Path("again").read_bytes() == text.encode()


def test_pipes(trained: Path, folder: Path) -> None:
    data = bytes(range(256)) * 4
    Path("data").write_bytes(data)
    with Path("data").open("rb") as file:
        words = ("compress", str(trained), "-")
        status, packed, errors = run(*words, folder=folder, stdin=file)
    assert (status, packed) == (0, package.compress(package.load(trained), data))
    assert errors.startswith("standard input: 1,024 bytes to ")
    with start("decompress", str(trained), "-", folder=folder, stdin=subprocess.PIPE) as process:
        assert process.communicate(packed, timeout=60)[0] == data


def test_an_empty_file(crnn: Any, trained: Path) -> None:
    Path("empty").write_bytes(b"")
    assert crnn("compress", str(trained), "empty").stderr.startswith("empty: 0 bytes to 2")
    assert crnn("decompress", str(trained), "empty.crnn", "-f").exit_code == 0
    assert Path("empty").read_bytes() == b""


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["compress", "book.txt"], 2, "expected MODEL and FILE; or --online and FILE"),
        (["compress", "a", "b", "c"], 2, "expected MODEL and FILE"),
        (["compress", "--online", "m", "book.txt"], 2, "--online takes one argument"),
        (["compress", "book.txt", "book.txt"], 1, "'book.txt' is not a crnn checkpoint"),
        (["compress", "nowhere", "book.txt"], 1, "no checkpoint 'nowhere'"),
        (["compress", "--online", "nowhere"], 1, "'nowhere' cannot be read: No such file"),
        (["compress", "--online", "."], 1, "'.' cannot be read: Is a directory"),
        (["compress", "--online", "book.txt", "-o", "no/where"], 1, "'no/where' cannot be written"),
        (["compress", "--online", "book.txt", "-o", "book.txt"], 1, "'book.txt' is also the file"),
        (["compress", "--online", "book.txt", "-o", ""], 2, "OUT is empty, expected the name"),
        (["decompress"], 2, "expected MODEL and FILE; or FILE alone"),
        (["decompress", "book.txt"], 2, "does not end in .crnn: say where to unpack it by -o"),
        (["decompress", "book.txt", "-o", "x"], 1, "was not packed by crnn"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_wrong_words_get(
    crnn: Any, folder: Path, words: list[str], status: int, expected: str
) -> None:
    result = crnn(*words)
    assert result.exit_code == status
    assert expected in result.stderr
    assert names(folder) == ["book.txt"]


def test_a_file_that_is_there_is_replaced_only_when_told(crnn: Any, trained: Path) -> None:
    Path("out").write_text("precious")
    words = ("compress", str(trained), "book.txt", "-o", "out")
    assert crnn(*words).exit_code == 1
    assert Path("out").read_text() == "precious"
    assert crnn(*words, "-f").exit_code == 0
    assert crnn("decompress", str(trained), "out", "-o", "back").exit_code == 0
    Path("out").write_text("precious")
    assert crnn("decompress", str(trained), "book.txt", "-o", "out", "-f").exit_code == 1
    assert Path("out").read_text() == "precious"


@pytest.mark.parametrize("how", ["a bit", "cut", "another model", "no model"])
def test_damage_leaves_no_file(crnn: Any, trained: Path, folder: Path, how: str) -> None:
    assert crnn("compress", str(trained), "book.txt").exit_code == 0
    packed = bytearray(Path("book.txt.crnn").read_bytes())
    if how == "a bit":
        packed[len(packed) // 2] ^= 1
    if how == "another model":
        package.RNN("ab").save(trained)
    Path("book.txt.crnn").write_bytes(packed[: 200 if how == "cut" else None])
    before = names(folder)
    model = [] if how == "no model" else [str(trained)]
    result = crnn("decompress", *model, "book.txt.crnn", "-o", "back")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert names(folder) == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_disk_that_is_full(trained: Path, folder: Path) -> None:
    with open("/dev/full", "wb") as full:
        status, _, errors = run(
            "compress", str(trained), "book.txt", "-o", "-", folder=folder, stdout=full
        )
    assert status == 1
    assert "standard output cannot be written: No space left on device" in errors


def test_a_reader_that_has_seen_enough(trained: Path, folder: Path) -> None:
    (folder / "long").write_bytes(bytes(3_000_000))
    with start("compress", str(trained), "long", "-o", "-", folder=folder) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == 141


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_one_that_is_stopped_leaves_nothing(folder: Path, name: str) -> None:
    number = signal.Signals[name]
    (folder / "long").write_bytes(os.urandom(1 << 20))
    before = names(folder)
    with start("compress", "--online", "long", folder=folder) as process:
        while len(names(folder)) == len(before):  # until it has made its temporary file
            time.sleep(0.01)
        time.sleep(0.2)
        process.send_signal(number)
        process.send_signal(number)
        said = process.communicate(timeout=60)[1].decode()
        assert process.returncode == 128 + number
        assert said.strip() == "Stopped."
    assert names(folder) == before


def test_no_bytes_into_a_terminal(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crnn.cli.streams.in_terminal", lambda: True)
    for words in (["compress", str(trained), "book.txt"], ["decompress", str(trained), "book.txt"]):
        result = CliRunner().invoke(main, [*words, "-o", "-"])
        assert result.exit_code == 2
        assert "OUT is a terminal, where bytes do harm" in result.stderr


def test_a_model_through_a_pipe(trained: Path, folder: Path, text: str) -> None:
    with trained.open("rb") as model:
        words = ("compress", "-", "book.txt", "-o", "b.crnn")
        assert run(*words, folder=folder, stdin=model)[0] == 0
    with trained.open("rb") as model:
        status, out, _ = run("decompress", "-", "b.crnn", "-o", "-", folder=folder, stdin=model)
    assert (status, out) == (0, text.encode())
    for command in ("compress", "decompress"):
        status, _, said = run(command, "-", "-", folder=folder, stdin=subprocess.DEVNULL)
        assert (status, "MODEL and FILE are both -" in said) == (2, True)


def test_what_is_read_is_not_replaced(crnn: Any, trained: Path, folder: Path) -> None:
    model, text = trained.read_bytes(), Path("book.txt").read_bytes()
    assert crnn("compress", str(trained), "book.txt").exit_code == 0
    Path("hard").hardlink_to("book.txt")
    Path("soft").symlink_to(trained)
    for words in (
        ["compress", str(trained), "book.txt", "-o", str(trained)],
        ["compress", str(trained), "book.txt", "-o", "soft"],
        ["compress", str(trained), "book.txt", "-o", "./book.txt"],
        ["compress", "--online", "book.txt", "-o", "hard"],
        ["decompress", str(trained), "book.txt.crnn", "-o", "soft"],
        ["decompress", "soft", "book.txt.crnn", "-o", "model.safetensors"],
        ["decompress", str(trained), "book.txt.crnn", "-o", "book.txt.crnn"],
        ["score", str(trained), "book.txt", "--csv", "-o", "soft"],
        ["score", str(trained), "book.txt", "--csv", "-o", "hard"],
    ):
        for force in ([], ["-f"]):
            result = crnn(*words, *force)
            assert result.exit_code == 1
            assert f"{words[-1]!r} is also the file " in result.stderr
            assert "which is read: name another one with -o" in result.stderr
    assert (trained.read_bytes(), Path("book.txt").read_bytes()) == (model, text)
