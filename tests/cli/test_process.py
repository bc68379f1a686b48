"""The command line as a process: signals, pipes, poor locales."""

from __future__ import annotations

import os
import select
import shlex
import signal
import sys
import time
from pathlib import Path

import pytest
from cli.processes import COMMAND, environment, run, start

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of POSIX")
LONG = ("--steps", "1000000", "--hidden-size", "16")


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_saves_and_the_command_it_names_goes_on(folder: Path, name: str) -> None:
    number = signal.Signals[name]
    (folder / "it's.txt").write_text("ещё раз, ещё\n" * 40, "cp1251")
    words = ("train", "it's.txt", "--encoding", "cp1251", *LONG)
    with start(*words, "--report-every=50", folder=folder) as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith(b"iter 100,"):
            pass
        process.send_signal(number)
        process.send_signal(number)
        said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 128 + number
    assert "Traceback" not in said
    command = shlex.split(said.partition("Go on    ")[2])
    assert command[: len(COMMAND) - 1] == ["python", "-m", "crnn"][: len(COMMAND) - 1]
    assert "--encoding" not in command  # the file knows it
    stopped_at = int(said.partition("at window ")[2].split()[0].replace(",", ""))
    assert stopped_at >= 100
    rest = [*command[3:], "--steps", str(stopped_at + 30)]
    assert run(*rest, folder=folder)[0] == 0
    whole = ("train", "it's.txt", "--encoding=cp1251", "--steps", str(stopped_at + 30), "-qowhole")
    assert run(*whole, "--hidden-size=16", "--report-every=50", folder=folder)[0] == 0
    assert (folder / "model.safetensors").read_bytes() == (folder / "whole").read_bytes()


@posix
def test_a_signal_that_is_ignored_stays_ignored(folder: Path) -> None:
    def ignore() -> None:
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    words = ("train", "book.txt", "--report-every=50", "--steps=3000", "--hidden-size=16")
    with start(*words, folder=folder, preexec_fn=ignore) as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith(b"iter 100,"):
            pass
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGHUP)
        said = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 0
    assert "Trained  3,000 windows" in said


@posix
@pytest.mark.parametrize("closed", [(1,), (2,), (1, 2)])
def test_a_training_does_without_its_standard_streams(
    folder: Path, closed: tuple[int, ...]
) -> None:
    def close() -> None:
        for number in closed:
            os.close(number)

    words = ("train", "book.txt", "--steps=10", "--hidden-size=4")
    status, out, said = run(*words, folder=folder, preexec_fn=close)
    assert (status, "Traceback" in said) == (0, False)
    assert (out == b"", said == "") == (1 in closed, 2 in closed)
    assert run("info", "model.safetensors", folder=folder)[0] == 0


@posix
def test_a_closed_stream_that_is_needed_is_an_error(folder: Path) -> None:
    assert run("train", "book.txt", "-q", "--steps=1", "--hidden-size=4", folder=folder)[0] == 0
    for command in ["info", "sample"]:
        words = (command, "model.safetensors")
        status, _, said = run(*words, folder=folder, preexec_fn=lambda: os.close(1))
        assert (status, said) == (1, "Error: standard output cannot be written: it is closed\n")
    status, out, said = run("train", "-", folder=folder, preexec_fn=lambda: os.close(0))
    assert (status, out) == (1, b"")
    assert "Error: standard input is closed: " in said
    assert "Traceback" not in said


@posix
@pytest.mark.parametrize("act", ["close", "interrupt"])
def test_a_sample_comes_as_it_is_drawn_and_ends_when_told_to(folder: Path, act: str) -> None:
    assert run("train", "book.txt", "-q", "--steps=1", "--hidden-size=4", folder=folder)[0] == 0
    words = ("sample", "model.safetensors", "--length=50000000", "--seed=1")
    with start(*words, folder=folder) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert len(process.stdout.read(1000)) == 1000
        assert process.poll() is None
        if act == "interrupt":
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=120) == 128 + signal.SIGINT  # though nobody reads on
        process.stdout.close()
        said = process.stderr.read().decode()
    assert process.returncode == 128 + (signal.SIGPIPE if act == "close" else signal.SIGINT)
    assert said.strip() == ("" if act == "close" else "Stopped.")


@posix
def test_a_closed_pipe_saves_and_leaves_quietly(folder: Path) -> None:
    with start("train", "book.txt", "--report-every=10", *LONG, folder=folder) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"data has ")
        process.stdout.close()
        said = process.stderr.read().decode()
    assert process.returncode == 128 + signal.SIGPIPE
    assert "Error" not in said
    assert "Traceback" not in said
    assert run("info", "model.safetensors", folder=folder)[0] == 0


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_the_output_saves_too(folder: Path) -> None:
    for line in [f"train book.txt {' '.join(LONG)}", "info model.safetensors", "--version"]:
        with Path("/dev/full").open("wb") as full:
            status, _, said = run(*line.split(), folder=folder, stdout=full)
        assert status == 1
        assert "Error: standard output cannot be written: No space left" in said
        assert "Traceback" not in said
    with Path("/dev/full").open("wb") as full:
        words = ("train", "book.txt", "--steps=10", "--hidden-size=4")
        assert run(*words, folder=folder, stderr=full)[0] == 0


@pytest.mark.parametrize("changes", [{"LANG": "C", "LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}])
def test_output_is_utf8_whatever_the_locale(folder: Path, changes: dict[str, str]) -> None:
    (folder / "odd.txt").write_text("ж\\ud800ж\\r" * 20, "utf-8")
    (folder / "plain.txt").write_text("жё\r\n" * 20, "utf-8", newline="")
    env = environment(PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", **changes)
    status, out, said = run("train", "plain.txt", "--steps=1", folder=folder, env=env)
    assert (status, "Traceback" in said) == (0, False)
    assert "ж" in out.decode("utf-8")
    assert b"\r" in out
    words = ("train", "odd.txt", "--encoding=unicode_escape", "--steps=1", "-oodd")
    status, out, _ = run(*words, folder=folder, env=env)
    assert status == 0
    assert "\\ud800" in out.decode("utf-8")
    for command in ["info", "sample"]:
        status, out, _ = run(command, "odd", folder=folder, env=env)
        assert status == 0
        assert "\\ud800" in out.decode("utf-8")


@posix
@pytest.mark.parametrize("words", ["score model.safetensors -", "compress --online -"])
def test_a_standard_input_that_does_not_wait_is_read_to_its_end(folder: Path, words: str) -> None:
    """A parent may have made it so for its own sake."""
    assert run("train", "book.txt", "-q", "--steps=1", "--hidden-size=4", folder=folder)[0] == 0
    text = (folder / "book.txt").read_bytes()
    out, into = os.pipe()
    os.set_blocking(out, False)
    with start(*words.split(), folder=folder, stdin=out) as process:
        for begin in range(0, len(text), 1 + len(text) // 3):
            os.write(into, text[begin : begin + 1 + len(text) // 3])
            while process.poll() is None and select.select([out], [], [], 0)[0]:
                time.sleep(0.01)  # until all is taken,
            time.sleep(0.05)  # and more is wanted
        os.close(into)
        got, said = process.communicate(timeout=60)
    os.close(out)
    with (folder / "book.txt").open("rb") as file:
        status, whole, words_said = run(*words.split(), folder=folder, stdin=file)
    assert (process.returncode, got, said.decode()) == (status, whole, words_said)
    assert status == 0
